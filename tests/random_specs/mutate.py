"""Mutated specs: whatever a text has become, `check` answers within two seconds: with problems that have a place, or a sound program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.random_specs import words
from tests.random_specs.corpus import pick
from tests.random_specs.trial import LIMIT, Trial, attempt

LARGEST = 1 << 16
"""Bytes of an input: reading takes as long as the text is, and what is hostile shows in a short one."""


@dataclass
class Report:
    """What a run of mutations found."""

    accepted: int = 0
    refused: int = 0
    slowest: float = 0.0
    """Seconds of one input."""
    wrong: list[str] = field(default_factory=list)
    slugs: set[str] = field(default_factory=set)

    def add(self, trial: Trial) -> None:
        self.accepted += trial.accepted
        self.refused += not trial.accepted
        self.slowest = max(self.slowest, trial.seconds)
        self.slugs |= trial.slugs

    def join(self, other: Report) -> None:
        """Take in what another part of the same run found."""
        self.accepted, self.refused = self.accepted + other.accepted, self.refused + other.refused
        self.slowest = max(self.slowest, other.slowest)
        self.wrong += other.wrong
        self.slugs |= other.slugs

    def __str__(self) -> str:
        kinds = f"{len(self.slugs)} kinds of problem"
        counts = f"{self.refused:,} refused with line and column ({kinds}), {self.accepted:,} accepted and sound"
        return f"{counts}; slowest {self.slowest:.2f} s of {LIMIT:g} s; {len(self.wrong)} wrong"


def run(count: int, seed: int, limit: float = LIMIT, first: int = 0) -> Report:
    """Mutated specs: no traceback, none over two seconds, every problem with line and column."""
    return tried(mutant, count, seed, limit, first)


def tried(make: Callable[[int, int], bytes], count: int, seed: int, limit: float, first: int) -> Report:
    """What `count` inputs from number `first` on come to; `make` gives the content of one for a seed and its number."""
    report = Report()
    for number in range(first, first + count):
        trial = attempt(make(seed, number), limit)
        report.add(trial)
        if trial.broken:
            report.wrong.append(f"seed {seed}, number {number}: {trial.broken}")
    return report


def mutant(seed: int, number: int) -> bytes:
    """The content of a mutated file; the same for the same seed and number."""
    rng = Random(f"{seed}/{number}")
    text = pick(rng)
    for _ in range(rng.choice([1, 1, 1, 1, 2, 2, 3, 6])):
        text = rng.choice(MUTATIONS)(rng, text)
    content = text.encode("utf-8", "surrogatepass")[:LARGEST]
    return noisy(rng, content) if rng.random() < 0.02 else content


def noisy(rng: Random, content: bytes) -> bytes:
    """A few bytes changed, so that it may not be UTF-8."""
    changed = bytearray(content or b" ")
    for _ in range(rng.randrange(1, 4)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def at_word(change: Callable[[Random, list[str], int], None]) -> Callable[[Random, str], str]:
    """A mutation at one word that is not a space."""

    def mutation(rng: Random, text: str) -> str:
        parts = words.split(text)
        places = [i for i, word in enumerate(parts) if not word.isspace()]
        if places:
            change(rng, parts, rng.choice(places))
        return "".join(parts)

    return mutation


def delete_words(rng: Random, parts: list[str], at: int) -> None:
    del parts[at : at + rng.choice([1, 1, 1, 2, 3, 8])]


def duplicate_words(rng: Random, parts: list[str], at: int) -> None:
    run = parts[at : at + rng.choice([1, 1, 3, 8])]
    parts[at:at] = run * rng.choice([1, 1, 1, 2, 40])


def swap_words(rng: Random, parts: list[str], at: int) -> None:
    other = rng.randrange(len(parts))
    parts[at], parts[other] = parts[other], parts[at]


def replace_word(rng: Random, parts: list[str], at: int) -> None:
    parts[at] = rng.choice(words.BITS) if rng.random() < 0.5 else rng.choice(parts)


def insert_bit(rng: Random, parts: list[str], at: int) -> None:
    parts.insert(at, rng.choice(words.BITS))


def other_number(rng: Random, parts: list[str], at: int) -> None:
    numbers = [i for i, word in enumerate(parts) if word[:1].isdigit()]
    parts[rng.choice(numbers) if numbers else at] = rng.choice(words.NUMBERS)


def other_name(rng: Random, parts: list[str], at: int) -> None:
    names = [i for i, word in enumerate(parts) if word.isidentifier()]
    parts[rng.choice(names) if names else at] = words.name(rng)


def an_expression(rng: Random, parts: list[str], at: int) -> None:
    """In the place of a number, a name, or what stands behind an `=`."""
    places = [i for i, word in enumerate(parts) if word[:1].isdigit() or word == "x" or parts[i - 1 : i] == ["="]]
    parts[rng.choice(places) if places else at] = words.expression(rng, rng.choice([1, 2, 2, 4]))


def something_long(rng: Random, parts: list[str], at: int) -> None:
    places = [i for i, word in enumerate(parts) if word[:1].isdigit() or word.isidentifier()]
    parts[rng.choice(places) if places else at] = words.long(rng)


def char_noise(rng: Random, text: str) -> str:
    """A character put in, taken away or changed."""
    at = rng.randrange(len(text) + 1)
    noise = chr(rng.choice([rng.randrange(128), rng.randrange(0x3000), rng.randrange(0x110000)]))
    return text[:at] + rng.choice(["", noise, noise]) + text[at + rng.randrange(2) :]


def cut_short(rng: Random, text: str) -> str:
    return text[: rng.randrange(len(text) + 1)]


def spliced(rng: Random, text: str) -> str:
    """The head of one spec and the tail of another."""
    other = pick(rng)
    return text[: rng.randrange(len(text) + 1)] + other[rng.randrange(len(other) + 1) :]


def lines_of_another(rng: Random, text: str) -> str:
    """Some lines of another spec put between those of this one."""
    lines, other = text.split("\n"), pick(rng).split("\n")
    start, at = rng.randrange(len(other)), rng.randrange(len(lines) + 1)
    return "\n".join([*lines[:at], *other[start : start + rng.randrange(1, 8)], *lines[at:]])


def delete_lines(rng: Random, text: str) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    return "\n".join(lines[:at] + lines[at + rng.choice([1, 1, 2, 4]) :])


def repeat_lines(rng: Random, text: str) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    run = lines[at : at + rng.choice([1, 1, 2, 4])]
    return "\n".join(lines[:at] + run * rng.choice([2, 2, 3, 200]) + lines[at + len(run) :])


def swap_lines(rng: Random, text: str) -> str:
    lines = text.split("\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines)


def in_loops(rng: Random, text: str) -> str:
    """A line wrapped in loops."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    lines[at] = words.nest(rng, lines[at])
    return "\n".join(lines)


def brackets_away(rng: Random, text: str) -> str:
    """One bracket, or all of one kind."""
    kind = rng.choice('()[]{}"')
    return text.replace(kind, "") if rng.random() < 0.2 else text.replace(kind, "", 1)


def other_line_ends(rng: Random, text: str) -> str:
    return text.replace("\n", rng.choice(["\r\n", "\r", ";", "\n\n", " ", "\u2028", "\n\t", "\n# c\n"]))


MUTATIONS: tuple[Callable[[Random, str], str], ...] = (
    *map(at_word, (delete_words, duplicate_words, swap_words, replace_word, insert_bit, other_number, other_number, other_name)),
    *map(at_word, (other_name, an_expression, an_expression, an_expression, something_long)),
    *(char_noise, cut_short, spliced, lines_of_another, delete_lines, repeat_lines, swap_lines, in_loops, brackets_away, other_line_ends),
)
