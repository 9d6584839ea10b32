"""Random edits of the zoo's specs, and what diff says of them: `python -m tests.soak diff --count 1000`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from random import Random

from netspec.compile import Checked, check
from netspec.diagnostics.shapes.expansion import ExpectFailed
from netspec.files import models_dir
from netspec.source import Source
from netspec.syntax.printer import print_file
from netspec.syntax.spec_file import parse_spec
from netspec.syntax.twin import to_json
from netspec.tools.diff.compare import compare
from netspec.tools.diff.json_form import write_json
from netspec.tools.diff.layers import list_layers
from netspec.tools.diff.markdown_form import write_markdown
from netspec.tools.diff.matching import match_layers
from netspec.tools.diff.text_form import write_text

CHANGE = re.compile(r"^ *[-+~>] |^  \d+ layers? without parameters|: (added|removed|renamed)$", re.MULTILINE)
"""A line that says what changed."""
NUMBER = re.compile(r"(?<![\w.\"])[1-9][0-9]{0,3}(?![\w.\"])")
SWAPS = (("relu", "gelu"), ("batch_norm", "layer_norm"), ("max_pool", "avg_pool"), ("adam(", "adamw("), ("dropout(", "gaussian_noise("))
TRIES = 6


@dataclass
class Found:
    """What a run found."""

    count: int = 0
    edited: int = 0
    """Edits that gave another spec without problems."""
    told: int = 0
    """Of those the ones that mean something else."""
    wrong: list[str] = field(default_factory=list)

    def join(self, other: Found) -> None:
        """Take in what another part of the same run found."""
        self.count, self.edited, self.told = self.count + other.count, self.edited + other.edited, self.told + other.told
        self.wrong += other.wrong

    def __str__(self) -> str:
        return f"{self.count:,} specs are the same as themselves; {self.edited:,} edits, {self.told:,} told; {len(self.wrong)} wrong"


def run(count: int, seed: int, first: int = 0) -> Found:
    """A spec and itself with comments, in another layout or as JSON are the same, and a change of meaning is always told."""
    found = Found(count)
    for number in range(first, first + count):
        try:
            try_case(Random(f"diff/{seed}/{number}"), found)
        except Exception as error:  # a crash is a broken law like any other
            found.wrong.append(f"seed {seed}, number {number}: {type(error).__name__}: {str(error)[:300]}")
    return found


def try_case(rng: Random, found: Found) -> None:
    """One spec of the zoo, edited at random: held against itself written otherwise, and against the spec that it was."""
    name = rng.choice(sorted(specs()))
    before = specs()[name]
    text, after = edit(rng, before.source.text)
    found.edited += text != before.source.text
    path, written = rng.choice(WAYS)(rng, text)
    itself = prove(written, path)
    assert itself is not None and itself.typed is not None and after.typed is not None, f"{name}: it has problems written otherwise"
    assert compare(after.typed, itself.typed).same, f"{name}: not the same as itself by {path}"
    for plan, other in zip(after.typed.trains, itself.typed.trains, strict=True):
        ours, theirs = list_layers(plan.model).layers, list_layers(other.model).layers
        assert match_layers(ours, theirs).pairs == {k: k for k in range(len(ours))}, f"{name}: its layers are not their own partners"
    found.told += told(before, after)


def told(before: Checked, after: Checked) -> bool:
    """Whether an edit means something else; then it is said what, in every form."""
    assert before.typed is not None and after.typed is not None
    there, back = compare(before.typed, after.typed), compare(after.typed, before.typed)
    assert there.same == back.same
    for difference in (there, back):
        text = write_text(difference)
        assert difference.same or CHANGE.search(text), f"nothing is said of an edit:\n{text}"
        assert write_markdown(difference) and write_json(difference)
    return not there.same


@cache
def specs() -> dict[str, Checked]:
    """The specs of the zoo."""
    return {path.name: check(Source(path.name, path.read_text(encoding="utf-8"))) for path in sorted(models_dir().glob("*.net"))}


def prove(text: str, path: str = "m.net") -> Checked | None:
    """A spec that is proved but for its claims; None for any other."""
    found = check(Source(path, text))
    return found if all(p.severity != "error" or isinstance(p, ExpectFailed) for p in found.problems) else None


def edit(rng: Random, text: str) -> tuple[str, Checked]:
    """A text with a number, an op or the order of two lines changed so that it is still proved; the text itself where none was found."""
    for _ in range(TRIES):
        changed = rng.choice(EDITS)(rng, text)
        if changed != text and (proved := prove(changed)) is not None:
            return changed, proved
    proved = prove(text)
    assert proved is not None
    return text, proved


def other_number(rng: Random, text: str) -> str:
    places = list(NUMBER.finditer(text))
    place = rng.choice(places)
    value = int(place[0])
    return f"{text[: place.start()]}{rng.choice([value + 1, 2 * value, max(1, value // 2)])}{text[place.end() :]}"


def other_op(rng: Random, text: str) -> str:
    pairs = [pair for one, other in SWAPS for pair in ((one, other), (other, one)) if pair[0] in text]
    old, new = rng.choice(pairs or [("", "")])
    parts = text.split(old) if old else [text]
    cut = rng.randrange(1, len(parts)) if len(parts) > 1 else 0
    return old.join(parts[:cut]) + new + old.join(parts[cut:]) if cut else text


def without_line(rng: Random, text: str) -> str:
    lines = text.split("\n")
    at = rng.randrange(1, len(lines))
    return "\n".join([*lines[:at], *lines[at + 1 :]])


def swapped_lines(rng: Random, text: str) -> str:
    lines = text.split("\n")
    at = rng.randrange(1, len(lines) - 1)
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    return "\n".join(lines)


EDITS: tuple[Callable[[Random, str], str], ...] = (other_number, other_number, other_op, without_line, swapped_lines)


def with_comments(rng: Random, text: str) -> tuple[str, str]:
    lines = [line + ("  # said" if line.strip() and "#" not in line and rng.random() < 0.2 else "") for line in text.split("\n")]
    return "m.net", "\n".join(part for line in lines for part in ([line, "# a remark"] if rng.random() < 0.1 else [line]))


def with_room(rng: Random, text: str) -> tuple[str, str]:
    lines = [(" " * rng.randrange(5) if rng.random() < 0.3 else "") + line + "  " for line in text.split("\n")]
    return "m.net", "\n".join(lines)


def formatted(rng: Random, text: str) -> tuple[str, str]:
    file = parse_spec(Source("m.net", text))[0]
    assert file is not None
    return "m.net", print_file(file)


def as_json(rng: Random, text: str) -> tuple[str, str]:
    file = parse_spec(Source("m.net", text))[0]
    assert file is not None
    return "m.json", to_json(file)[0]


WAYS: tuple[Callable[[Random, str], tuple[str, str]], ...] = (with_comments, with_room, formatted, as_json)
