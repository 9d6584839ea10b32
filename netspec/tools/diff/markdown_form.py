"""Writes a difference as Markdown for a pull request. Floor 5."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.text import render_text
from netspec.tools.diff.difference import Difference, ModelChange, Verdict
from netspec.tools.diff.words import (
    Code,
    Line,
    Phrase,
    cost_rows,
    count,
    definition_lines,
    layer_lines,
    other_lines,
    section_lines,
    verdict_lines,
)
from netspec.tools.markdown import code, fence, write_table

FOLDED = 12
"""So many lines of layers stand in the open; more are folded."""
SIGNS = {"+": "added", "-": "removed"}
MARKS = {"loads": "✅", "nothing to load": "✅", "incompatible": "❌"}
"""What stands before a verdict; before any other a warning sign."""
LARGEST = 60_000
"""Characters: GitHub takes no comment of more than 65,536."""


def write_markdown(found: Difference) -> str:
    """The difference with a heading and a part for each model and section."""
    head = f"### {code(found.before)} → {code(found.after)}"
    moved = list(_items(definition_lines(found.definitions)))
    if found.same:
        return "\n".join([head, "", "Same: they compile to the same programs.", *moved])
    parts = [[head, *moved]]
    parts += [list(_model(model)) for model in found.models]
    parts += [[f"#### model {code(name)}: removed"] for name in found.removed]
    for change in found.trains:
        kind, _, name = change.name.partition(" ")
        parts.append([f"#### {kind} {code(name)}: {change.what}", "", *_items(section_lines(change))])
    for offer in found.offered:
        kind, _, name = offer.name.partition(" ")
        lines = [f"- {SIGNS[line[0]]}: {code(line[2:])}" for line in offer.lines]
        parts.append([f"#### {kind} {code(name)}: {offer.what}, for files that import it", "", *lines])
    return cut("\n\n".join("\n".join(part).rstrip() for part in parts))


def write_markdown_problems(problems: Sequence[Diagnostic]) -> str:
    """What keeps two specs from being compared."""
    return f"### {count(len(problems), 'problem')}\n\n{fence(render_text(problems), 'text')}"


def cut(text: str, largest: int = LARGEST) -> str:
    """As much as a comment takes, in whole lines."""
    if len(text) <= largest:
        return text
    return text[:largest].rpartition("\n")[0] + "\n\n… more is in the output of `netspec diff`."


def _model(model: ModelChange) -> Iterator[str]:
    if model.is_new:
        yield from (f"#### model {code(model.name)}: added", "", *_costs(model))
        return
    was = f", was {code(model.was)}" if model.was != model.name else ""
    verdict = f" · checkpoint: {MARKS.get(model.verdict.kind, '⚠️')} {model.verdict.kind}" if model.verdict else ""
    yield from (f"#### model {code(model.name)}{was}: {model.state}{verdict}", "")
    if not model.same:
        yield from (*_costs(model), "")
    lines = list(_items((*other_lines(model), *layer_lines(model))))
    yield from fold(lines, f"{count(len(lines), 'change')} of layers") if len(lines) > FOLDED else lines
    if model.drawing and not model.same:
        yield from ("", *fold([fence(model.drawing, "mermaid")], "the model now, what is new in green and what changed in yellow"))
    yield from _verdict(model.verdict)


def _verdict(found: Verdict | None) -> Iterator[str]:
    """What becomes of a checkpoint, folded: the word of it stands in the heading."""
    if found is not None:
        yield from ("", *fold(list(_items(verdict_lines(found))), f"checkpoint: {found.kind}"))


def _costs(model: ModelChange) -> list[str]:
    """The costs as a table."""
    rows = [(name, _amount(old), _amount(new), change) for name, old, new, change in cost_rows(model.before, model.after)]
    if model.before is None:
        return write_table(("", "now"), [(name, after) for name, _, after, _ in rows])
    return write_table(("", "before", "after", "change"), rows)


def _amount(text: str) -> str:
    """An amount; what has free sizes stands as code, since a `*` means something else in Markdown."""
    return code(text) if "*" in text else text


def fold(lines: Sequence[str], summary: str) -> list[str]:
    """Lines that open at a click."""
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>"]


def _items(lines: Iterable[Line]) -> Iterator[str]:
    """Items of a list, and what stands below them."""
    for line in lines:
        sign = f"{SIGNS[line.sign]} " if line.sign in SIGNS else ""
        yield f"- {sign}{say(line.phrase)}"
        yield from (f"  - {say(phrase)}" for phrase in line.below)


def say(phrase: Phrase) -> str:
    """A phrase as Markdown: what is of a spec stands as code, so that it has no meaning of its own."""
    return "".join(code(piece.text) if isinstance(piece, Code) else piece.replace(" -> ", " → ") for piece in phrase)
