"""Tells how long a training is, as far as that is known, and writes lengths in the words that can be told of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.library.base import Clock, Duration, Op, Schedule
from netspec.record import record

FINE = 10_000
"""Steps of an epoch that stand for any number, where lengths are compared in epochs only."""


@record
class Run:
    """The length of a training, and the steps of an epoch where these are known."""

    duration: Duration
    steps_per_epoch: int | None = None

    def scale(self, schedule: Schedule) -> Scale | None:
        """How the schedule lies in the training; None where steps and epochs meet and nobody knows what an epoch has."""
        lengths = [*lengths_of(schedule), self.duration]
        units = {length.unit for length in lengths}
        if self.steps_per_epoch is not None:
            clock = Clock(self.steps_per_epoch, self.duration.steps(Clock(self.steps_per_epoch, 0)))
            return Scale(clock, "step", "epoch" in units, True)
        if len(units) > 1 or (units == {"epoch"} and counts_steps(schedule)):
            return None
        size = FINE if units == {"epoch"} else 1
        return Scale(Clock(size, self.duration.steps(Clock(size, 0))), self.duration.unit)


@record
class Scale:
    """A training as long as it is in steps, or as one of epochs that have `FINE` steps each."""

    clock: Clock
    unit: str
    """"step" or "epoch": what lengths are told in."""
    both: bool = False
    """Tell epochs beside steps."""
    known: bool = False
    """It is known how many steps an epoch has."""

    def text(self, steps: int) -> str:
        """`2,000 steps`, `2,000 steps (45.5 epochs)` or `5 epochs`."""
        return self.number(steps, f" {self.unit if self.amount(steps) == 1 else self.unit + 's'}")

    def number(self, steps: int, unit: str = "") -> str:
        """The same without the unit: `2,000`, `2,000 (45.5 epochs)`."""
        told = f"{steps:,}" if self.unit == "step" else shorten_number(self.amount(steps))
        epochs = shorten_number(steps / self.clock.steps_per_epoch) if self.both else ""
        return f"{told}{unit}" + (f" ({epochs} epoch{'' if epochs == '1' else 's'})" if epochs else "")

    def amount(self, steps: int) -> float:
        """So many steps in the unit of the scale."""
        return steps if self.unit == "step" else steps / self.clock.steps_per_epoch

    def written(self, steps: int) -> str:
        """As a duration of the language, in epochs where the spec counts these and they are whole: `176 steps`, `4 epochs`."""
        size = self.clock.steps_per_epoch
        epochs = self.unit == "epoch" or (self.both and steps % size == 0)
        amount = (shorten_number(steps / size) if epochs else f"{steps:,}").replace(",", "_")
        return f"{amount} {'epoch' if epochs else 'step'}{'' if amount == '1' else 's'}"


def shorten_number(number: float) -> str:
    """At most one digit behind the point below 100, none above; of something small its first digit."""
    if 0 < abs(number) < 0.1:
        return f"{number:.1g}"
    rounded = round(number, 1 if abs(number) < 100 else 0)
    return f"{rounded:,.0f}" if rounded == int(rounded) else f"{rounded:,.1f}"


def lengths_of(value: Any) -> Iterator[Duration]:
    """Every duration that a schedule is written with, those of its parts too."""
    if isinstance(value, Duration):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from lengths_of(item)
    elif isinstance(value, Op):
        for name in value.arguments():
            yield from lengths_of(getattr(value, name))


def counts_steps(value: Any) -> bool:
    """A schedule, or a part of it, whose values depend on how many steps there are."""
    if isinstance(value, tuple):
        return any(map(counts_steps, value))
    return isinstance(value, Schedule) and (value.counts_steps or any(counts_steps(getattr(value, n)) for n in value.arguments()))


Path = tuple[tuple[str, int | str | None], ...]
"""Arguments from an op to a value inside it, each with the place in the list or dict that it is."""


def schedules_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, Schedule]]:
    """The schedules of an optimizer, whatever it is made of; parts of a schedule belong to it."""
    if isinstance(value, Schedule):
        yield path, value
    elif isinstance(value, Op):
        for name in value.arguments():
            for place, item in items_of(getattr(value, name)):
                yield from schedules_in(item, (*path, (name, place)))


def items_of(value: Any) -> list[tuple[int | str | None, Any]]:
    """The items of a list or dict with their places; anything else is one, without a place."""
    if isinstance(value, tuple):
        return list(enumerate(value))
    return list(value.items()) if isinstance(value, dict) else [(None, value)]
