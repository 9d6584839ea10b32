"""Takes away the lints that a spec allows by a remark, `# netspec: allow SLUG, SLUG`, and finds remarks that allow nothing. Floor 2.

A remark holds for the statement, setting or section that the comment belongs to, as the formatter and the JSON twin see it: behind it, or
above it. Behind a stage it holds for the stages of that line, behind `netspec 1` for the file. Errors stay whatever is allowed.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from netspec.diagnostics.base import Diagnostic
from netspec.record import field, record
from netspec.source import NOWHERE, Source, Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

MARK = "netspec:"
_REMARK = re.compile(r"#+[ \t]*netspec:[ \t]*allow\b[ \t]*(?P<slugs>[A-Za-z][\w-]*(?:[ \t]*,[ \t]*[A-Za-z][\w-]*)*)?")
_SLUG = re.compile(r"[A-Za-z][\w-]*")


@record(frozen=False, eq=False)
class Allowance:
    """One lint that one remark allows."""

    name: str
    covers: Span
    at: Span
    """Where the name stands."""
    rest: str = ""
    """The remark without the name."""
    remark: Span = NOWHERE
    used: bool = field(default=False)


def suppress(problems: Sequence[Diagnostic], file: tree.File, source: Source, whole: bool) -> list[Diagnostic]:
    """The problems without the lints that are allowed, in the file and those it imports; with those of the file's own remarks, where it
    is looked at as it is written, `whole`."""
    own = find_allowances(file, source)
    sources = {id(p.at.source): p.at.source for p in problems if p.severity == "warning" and p.at.source is not source}
    others = [allowance for other in sources.values() for allowance in read_allowances(other)]
    if not own and not others:
        return list(problems)
    left = without_allowed(problems, [*own, *others])
    about = [] if not whole or any(problem.severity == "error" for problem in problems) else find_useless(own, left)
    return [*left, *about]


def without_allowed(problems: Iterable[Diagnostic], allowances: Sequence[Allowance]) -> list[Diagnostic]:
    """The problems that nothing allows; what allows one is noted as used."""
    given: dict[tuple[int, str], list[Allowance]] = {}
    for allowance in allowances:
        given.setdefault((id(allowance.covers.source), allowance.name), []).append(allowance)
    nests = {key: Nest(found) for key, found in given.items()}
    left = []
    for problem in problems:
        nest = nests.get((id(problem.at.source), problem.slug())) if problem.severity == "warning" else None
        if nest is None or not nest.note_used(problem.at.start):
            left.append(problem)
    return left


class Nest:
    """Allowances of one lint, found by the places that they cover: pieces of one text, each in another or beside it."""

    def __init__(self, allowances: Iterable[Allowance]) -> None:
        alike: dict[tuple[int, int], list[Allowance]] = {}
        for allowance in allowances:
            alike.setdefault((allowance.covers.start, allowance.covers.end), []).append(allowance)
        self.pieces = sorted(alike, key=lambda piece: (piece[0], -piece[1]))
        self.unused = [alike[piece] for piece in self.pieces]
        self.around: list[int] = []
        """For each piece the one around it; -1: none."""
        for index, (_, end) in enumerate(self.pieces):
            outer = index - 1
            while outer >= 0 and self.pieces[outer][1] < end:
                outer = self.around[outer]
            self.around.append(outer)

    def note_used(self, place: int) -> bool:
        """Whether some allowance covers the place; those that do are used from now on."""
        covered, index = False, bisect_right(self.pieces, place, key=lambda piece: piece[0]) - 1
        while index >= 0:
            if place < self.pieces[index][1]:
                covered = True
                for allowance in self.unused[index]:
                    allowance.used = True
                self.unused[index] = []
            index = self.around[index]
        return covered


def find_useless(allowances: Sequence[Allowance], left: Sequence[Diagnostic]) -> list[Diagnostic]:
    """What is wrong with the remarks that allow nothing, but for what remarks of the same statement allow of it in turn."""
    idle = [allowance for allowance in allowances if not allowance.used]
    about: dict[tuple[str, Span], list[Allowance]] = {}
    for allowance in idle:
        if allowance.name in ABOUT:
            about.setdefault((allowance.name, allowance.covers), []).append(allowance)
    lints = sorted((problem for problem in left if problem.severity == "warning"), key=lambda problem: problem.at.start)
    found = []
    for allowance in (a for a in idle if a.name not in ABOUT):
        problem = judge(allowance, lints)
        of_it = about.get((problem.slug(), allowance.covers), [])
        for one in of_it:
            one.used = True
        found += [] if of_it else [problem]
    return [*found, *(judge(a, lints) for a in idle if a.name in ABOUT and not a.used)]


ABOUT = ("allows-nothing", "unknown-lint")
"""The lints that are about remarks themselves."""


def judge(allowance: Allowance, lints: Sequence[Diagnostic]) -> Diagnostic:
    """The problem of a remark that allows nothing; `lints` are those that speak, in the order of their places."""
    from netspec.diagnostics.catalog import catalog  # few specs have one
    from netspec.diagnostics.names.allowances import AllowsNothing, UnknownLint
    from netspec.diagnostics.suggestions.nearest import nearest

    known = catalog().get(allowance.name)
    if known is not None or not allowance.name:
        error = known is not None and known.severity == "error"
        return AllowsNothing(at=allowance.at, name=allowance.name, error=error, rest=allowance.rest, remark=allowance.remark)
    first, last = (
        bisect_left(lints, place, key=lambda problem: problem.at.start) for place in (allowance.covers.start, allowance.covers.end)
    )
    here = list(dict.fromkeys(problem.slug() for problem in lints[first:last]))
    near = nearest(allowance.name, here, {}) or nearest(allowance.name, known_lints(), {})
    return UnknownLint(at=allowance.at, name=allowance.name, near=tuple(near))


def known_lints() -> list[str]:
    """The slugs of all lints."""
    from netspec.diagnostics.catalog import catalog

    return [slug for slug, cls in catalog().items() if cls.severity == "warning"]


# --- remarks ---------------------------------------------------------------------------------------------------------


def read_allowances(source: Source) -> list[Allowance]:
    """Those of a file that is imported, which is read again where it has any."""
    if MARK not in source.text:
        return []
    from netspec.syntax.spec_file import parse_spec_as_meant

    file, _ = parse_spec_as_meant(source)
    return [] if file is None else find_allowances(file, source)


def find_allowances(file: tree.File, source: Source) -> list[Allowance]:
    """Everything that a file's remarks allow."""
    if MARK not in source.text:
        return []
    found, statement = [], file.span
    for node in descendants(file):
        if isinstance(node, tree.Chain):
            for stage, line in find_lines(node, statement):
                found += read_remarks(stage, line)
        elif isinstance(node, tree.File | tree.Commented) and not isinstance(node, STAGES):
            statement = node.span
            found += read_remarks(node, source.span(0, len(source.text)) if isinstance(node, tree.File) else node.span)
        for text in getattr(node, "trailing", ()):  # behind the last statement: it belongs to none
            found += read_remark(text, source.span(node.span.start, node.span.start))
    return found


STAGES = (tree.Stage, tree.ShapeStage)


def find_lines(chain: tree.Chain, statement: Span) -> Iterator[tuple[tree.Stage | tree.ShapeStage, Span]]:
    """Each stage of a chain with the line that it stands in: from the arrow that begins it, or the statement's begin, to its last stage."""
    start, line = statement.start, []
    for stage in (*chain.stages, None):
        if line and (stage is None or stage.newline_before):
            span = Span(statement.source, start, line[-1].span.end)
            yield from ((one, span) for one in line)
            line = []
        if stage is not None:
            start = stage.span.start if stage.newline_before else start
            line.append(stage)


def read_remarks(node: tree.File | tree.Commented, covers: Span) -> Iterator[Allowance]:
    """What the comments of a node allow in a piece of the text."""
    for text in (*node.comments.before, node.comments.after):
        yield from read_remark(text, covers)


def read_remark(text: str, covers: Span) -> Iterator[Allowance]:
    """What one comment allows."""
    match = _REMARK.match(text)
    if match is None or not isinstance(text, tree.Comment):
        return
    place = Span(covers.source, text.start, text.end)
    if match["slugs"] is None:
        yield Allowance("", covers, place)
        return
    names = [(m[0], m.span()) for m in _SLUG.finditer(text, *match.span("slugs"))]
    for name, (start, end) in names:
        others = [other for other, _ in names if other != name]
        kept = text[: match.start("slugs")] + ", ".join(others) + text[match.end("slugs") :]
        rest, remark = (kept, place) if others else ("", with_space(place))
        at = Span(covers.source, place.start + start, place.start + end) if place.end - place.start == len(text) else place
        yield Allowance(name, covers, at, rest, remark if plain(covers.source) else NOWHERE)


def plain(source: Source) -> bool:
    """The spec is text, in which a remark can be taken away without breaking anything."""
    return source.pointers is None


def with_space(place: Span) -> Span:
    """A remark with what stands between it and the code before it; one that has its line alone goes with the line."""
    text, start, end = place.source.text, place.start, place.end
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    alone = start == 0 or text[start - 1] == "\n"
    return Span(place.source, start, end + 1 if alone and end < len(text) else end)
