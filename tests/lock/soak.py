"""Locks of random edits: `python -m tests.soak lock --count 1000`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from random import Random

from netspec.compile import check
from netspec.diagnostics.shapes.expansion import ExpectFailed
from netspec.files import models_dir
from netspec.ir import Typed
from netspec.ir.fingerprint import ir_hash
from netspec.lock import compare, gather_facts, parse_lock, write_lock
from netspec.source import Source
from netspec.syntax.printer import print_file
from netspec.syntax.source_reader import read_text
from netspec.syntax.spec_file import parse_spec
from netspec.syntax.twin import to_json
from tests.random_specs.generate import random_spec
from tests.random_specs.mutate import MUTATIONS, at_word, other_name, other_number, swap_lines

LIKELY = (at_word(other_number), at_word(other_number), at_word(other_name), swap_lines)
"""Edits that often leave a spec that can be proved."""
TRIES = 6


@dataclass
class Found:
    """What a run found."""

    count: int = 0
    edited: int = 0
    """Edits that left another text that is proved."""
    changed: int = 0
    """Of those the ones that mean something else."""
    wrong: list[str] = field(default_factory=list)

    def join(self, other: Found) -> None:
        """Take in what another part of the same run found."""
        self.count, self.edited, self.changed = self.count + other.count, self.edited + other.edited, self.changed + other.changed
        self.wrong += other.wrong

    def __str__(self) -> str:
        return f"{self.count:,} specs, {self.edited:,} edits, {self.changed:,} of another meaning; {len(self.wrong)} wrong"


def run(count: int, seed: int, first: int = 0) -> Found:
    """A lock changes exactly when the meaning does, and then it is said how; layout, comments and the form of the file change nothing."""
    found = Found(count)
    for number in range(first, first + count):
        try:
            try_case(Random(f"lock/{seed}/{number}"), found)
        except Exception as error:  # a crash is a broken law like any other
            found.wrong.append(f"seed {seed}, number {number}: {type(error).__name__}: {str(error)[:300]}")
    return found


def try_case(rng: Random, found: Found) -> None:
    """One spec, edited at random and written otherwise."""
    text = rng.choice(zoo()) if rng.random() < 0.3 else random_spec(rng, largest=8)
    before = prove(text)
    if before is None:
        return
    edited, after = edit(rng, text, before)
    found.edited += edited != text
    found.changed += ir_hash(before) != ir_hash(after)
    holds_exactly(before, after)
    stays(rng, edited, after)


def holds_exactly(before: Typed, after: Typed) -> None:
    """The lock is another one just where the hash is, and then something is said."""
    old, new = gather_facts(before), gather_facts(after)
    same = ir_hash(before) == ir_hash(after)
    assert (write_lock(old) == write_lock(new)) == same, f"the lock says {'another' if same else 'the same'}: {compare(old, new).facts[:3]}"
    drift = compare(parse_lock(write_lock(old).encode()), new)
    assert drift.any != same and all(drift.facts), "nothing is said of a change"


def stays(rng: Random, text: str, typed: Typed) -> None:
    """A text, written otherwise, has the same lock."""
    file, _ = parse_spec(read_text("m.net", text)[0])
    assert file is not None
    forms = {
        "formatted": ("m.net", print_file(file)),
        "with comments": ("m.net", text.replace("\n", "  # why\n", 1) + "\n# the end\n"),
        "as JSON": ("m.json", to_json(file)[0]),
    }
    form = rng.choice(sorted(forms))
    path, written = forms[form]
    other = prove(written, path)
    assert other is not None, f"{form}, it has problems"
    assert write_lock(gather_facts(other)) == write_lock(gather_facts(typed)), f"{form}, it has another lock"


@cache
def zoo() -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8") for path in sorted(models_dir().glob("*.net")))


def prove(text: str, path: str = "m.net") -> Typed | None:
    """A spec that is proved but for its claims; None for any other."""
    checked = check(Source(path, text))
    return checked.typed if all(p.severity != "error" or isinstance(p, ExpectFailed) for p in checked.problems) else None


def edit(rng: Random, text: str, typed: Typed) -> tuple[str, Typed]:
    """A text that was changed at random and is still proved; the text itself where none was found."""
    for _ in range(TRIES):
        changed = rng.choice(LIKELY if rng.random() < 0.8 else MUTATIONS)(rng, text)
        if changed != text and (proved := prove(changed)) is not None:
            return changed, proved
    return text, typed
