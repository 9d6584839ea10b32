"""Breaks one thing in one place of clean specs and looks at what is said: one problem, at the broken line or where it shows."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from netspec.compile import check
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.names.bindings import UnusedBinding
from netspec.record import record
from netspec.source import Source
from netspec.syntax import tree
from netspec.syntax.spec_file import parse_spec
from netspec.syntax.tree_walk import descendants

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("models", "tests/architectures", "tests/samples")
LONGEST = 4_000
"""Characters of a spec that is broken: of a longer one each check takes long, and says no more."""
Break = Callable[[random.Random, tree.File, str], tuple[int, int, str] | None]
"""What is exchanged for what: start, end, text; None where the spec has nothing of that sort."""


@cache
def read_specs() -> tuple[tuple[str, str], ...]:
    """Names and texts of clean specs that stand alone."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.net"))
    texts = [(path.name, path.read_text(encoding="utf-8")) for path in paths]
    return tuple((name, text) for name, text in texts if len(text) < LONGEST and "import " not in text)


def list_calls(file: tree.File) -> list[tree.Call]:
    return [node for node in descendants(file) if isinstance(node, tree.Call)]


def misspell(rng: random.Random, word: str) -> str:
    """A word with a letter too few, twice, or two in the other order."""
    at = rng.randrange(1, max(len(word) - 1, 2))
    if len(word) < 3:
        return word + word[-1]
    return rng.choice((word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:], word[:at] + word[at + 1] + word[at] + word[at + 2 :]))


def misspell_call(rng: random.Random, file: tree.File, text: str) -> tuple[int, int, str] | None:
    """The name of an op or a block."""
    span = rng.choice(list_calls(file)).callee.span
    return span.start, span.end, misspell(rng, span.text)


def misspell_name(rng: random.Random, file: tree.File, text: str) -> tuple[int, int, str] | None:
    """A use of a name."""
    callees = {call.callee.span for call in list_calls(file)}
    names = [n.span for n in descendants(file) if isinstance(n, tree.Name) and n.span not in callees and len(n.parts) == 1]
    span = rng.choice([s for s in names if len(s.text) > 1] or names)
    return span.start, span.end, misspell(rng, span.text)


def misspell_argument(rng: random.Random, file: tree.File, text: str) -> tuple[int, int, str] | None:
    """The name of an argument."""
    spans = [arg.name_span for call in list_calls(file) for arg in call.args if arg.name]
    if not spans:
        return None
    span = rng.choice(spans)
    return span.start, span.end, misspell(rng, span.text)


def add_argument(rng: random.Random, file: tree.File, text: str) -> tuple[int, int, str] | None:
    """An argument that there is not."""
    call = rng.choice(list_calls(file))
    comma, at = (", ", call.args[-1].span.end) if call.args else ("", call.span.end - 1)
    return at, at, f"{comma}{rng.choice(('name', 'activation', 'device', 'inplace'))}={rng.choice(('1', 'true'))}"


def list_numbers(file: tree.File) -> list[tree.Number]:
    """Numbers in the arguments of calls."""
    args = [arg.value for call in list_calls(file) for arg in call.args]
    return [value for value in args if isinstance(value, tree.Number) and value.text.isdigit()]


def change_size(rng: random.Random, file: tree.File, text: str) -> tuple[int, int, str] | None:
    """A number in a call."""
    numbers = list_numbers(file)
    if not numbers:
        return None
    node = rng.choice(numbers)
    return node.span.start, node.span.end, str(rng.choice((node.value * 2, node.value + 1, max(node.value // 2, 1))))


def drop_argument(rng: random.Random, file: tree.File, text: str) -> tuple[int, int, str] | None:
    """The first argument of a call."""
    calls = [call for call in list_calls(file) if len(call.args) == 1]
    if not calls:
        return None
    span = rng.choice(calls).args[0].span
    return span.start, span.end, ""


def quote_number(rng: random.Random, file: tree.File, text: str) -> tuple[int, int, str] | None:
    """A number as a string."""
    numbers = list_numbers(file)
    if not numbers:
        return None
    span = rng.choice(numbers).span
    return span.start, span.end, f'"{span.text}"'


def change_input(rng: random.Random, file: tree.File, text: str) -> tuple[int, int, str] | None:
    """A size in the type of an input."""
    dims = [d for n in descendants(file) if isinstance(n, tree.Input) for d in n.type.dims if isinstance(d, tree.Number)]
    if not dims:
        return None
    span = rng.choice(dims).span
    return span.start, span.end, str(int(span.text.replace("_", "")) + rng.choice((1, 3, 7)))


def drop_stage(rng: random.Random, file: tree.File, text: str) -> tuple[int, int, str] | None:
    """A stage of a chain."""
    stages = [stage for n in descendants(file) if isinstance(n, tree.Chain) for stage in n.stages]
    if not stages:
        return None
    span = rng.choice(stages).span
    arrow = text.rfind("->", 0, span.start)
    return (arrow, span.end, "") if arrow >= 0 and "\n" not in text[arrow : span.start] else None


BREAKS: dict[str, Break] = {
    "op": misspell_call,
    "name": misspell_name,
    "argument": misspell_argument,
    "further argument": add_argument,
    "size": change_size,
    "missing argument": drop_argument,
    "string": quote_number,
    "input": change_input,
    "stage": drop_stage,
}
TYPED = ("op", "name", "argument", "further argument", "missing argument", "string")
"""Breaks that are wrong where they stand; of the others a size shows where it meets another."""


@record
class Broken:
    """A spec with one thing broken, and what is said of it."""

    name: str
    kind: str
    line: int
    what: str
    problems: tuple[Diagnostic, ...]

    def __str__(self) -> str:
        said = "; ".join(f"line {p.at.line} {p.slug()}: {p.message()}" for p in self.problems)
        return f"{self.name} ({self.kind}, line {self.line}: {self.what}): {said}"

    @property
    def places(self) -> set[int]:
        """All lines that the problems show; the broken one too, where they stand at a use of the name that it binds."""
        shown = {line for p in self.problems for line in (p.at.line, *(x.span.line for x in (*p.places(), *p.chain, *p.trail)))}
        bound = re.match(r"\s*(?:\w+ )?(\w+)(?::.*?)? =", self.problems[0].at.source.line(self.line))
        used = any(bound and re.search(rf"\b{bound[1]}\b", p.at.source.line(p.at.line)) for p in self.problems)
        return shown | ({self.line} if used else set())


def break_specs(count: int, seed: int) -> Iterator[Broken]:
    """So many broken specs, of each sort about as many."""
    specs = read_specs()
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        name, text = rng.choice(specs)
        kind = list(BREAKS)[number % len(BREAKS)]
        file, _ = parse_spec(Source(name, text))
        found = BREAKS[kind](rng, file, text) if file is not None else None
        if found is None:
            continue
        start, end, instead = found
        source = Source(name, text[:start] + instead + text[end:])
        problems = check(source).problems
        if problems:
            yield Broken(name, kind, text.count("\n", 0, start) + 1, f"{text[start:end]!r} -> {instead!r}", problems)


@record
class Report:
    """How many broken specs of each sort there were, of how many one problem is said, and those that are blamed elsewhere."""

    tried: Counter[str]
    single: Counter[str]
    several: tuple[str, ...]
    wrong: tuple[str, ...]

    def share(self, kind: str) -> float:
        return self.single[kind] / max(self.tried[kind], 1)

    def __str__(self) -> str:
        total, single = sum(self.tried.values()), sum(self.single.values())
        kinds = ", ".join(f"{kind} {self.single[kind]}/{self.tried[kind]}" for kind in self.tried)
        return f"{total} broken specs, one problem in {single} ({single / max(total, 1):.1%}): {kinds}; blamed elsewhere: {len(self.wrong)}"


def run(count: int, seed: int) -> Report:
    """Clean specs with one thing broken: one problem each, at the broken line or with it among its places. A name that was used nowhere
    else is unused."""
    tried, single = Counter[str](), Counter[str]()
    several, wrong = [], []
    for broken in break_specs(count, seed):
        tried[broken.kind] += 1
        single[broken.kind] += len(broken.problems) == 1
        if len(broken.problems) > 1:
            several.append(str(broken))
        if broken.kind in TYPED and broken.line not in broken.places and not all(isinstance(p, UnusedBinding) for p in broken.problems):
            wrong.append(str(broken))
    return Report(tried, single, tuple(several), tuple(wrong))
