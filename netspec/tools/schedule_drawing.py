"""Draws how learning rates go along a training, as text: a curve, its axes in steps and epochs, and its moments. Floor 5."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from netspec.infer.calls.rates import list_rates
from netspec.infer.sections.schedules import count_steps_per_epoch
from netspec.ir import TrainPlan, UpdatePlan
from netspec.lazy import jax, jnp, np
from netspec.library.base import Clock, Op, Schedule
from netspec.library.schedules.run_length import Path, Run, Scale, items_of, shorten_number
from netspec.library.shelf.op_text import to_text
from netspec.limits import LIMITS
from netspec.record import record
from netspec.tools.plot import Glyphs, Picture, Tick, plot, table

WORDS = {
    "peak": "peak, the warm-up is over",
    "top": "the rise is over",
    "reach": "reached",
    "end": "the decay is over",
    "change": "changes",
    "next": "the next schedule begins",
    "restart": "begins anew",
    "cycle": "the last cycle is over",
}


@record
class Moment:
    """A step with what happens there."""

    step: int
    words: tuple[str, ...]


def draw_schedules(plan: TrainPlan, width: int, glyphs: Glyphs) -> str:
    """The learning rates of a section, one drawing each; those that stay the same are a line of text."""
    run = Run(plan.duration, count_steps_per_epoch(plan.data, plan.accumulate))
    head = f"train {plan.model.name}{f' as {plan.name}' if plan.name != plan.model.name else ''}: {extent(run)}"
    return "\n\n".join([head, *(draw_update(update, run, width, glyphs) for update in plan.updates)])


def extent(run: Run) -> str:
    """`40 epochs, 1,760 steps`."""
    if run.steps_per_epoch is None or run.duration.unit == "step":
        return str(run.duration) if run.duration.count < 1000 else f"{run.duration.count:,.0f} {run.duration.unit}s"
    return f"{run.duration}, {run.duration.steps(Clock(run.steps_per_epoch, 0)):,} steps"


def draw_update(update: UpdatePlan, run: Run, width: int, glyphs: Glyphs) -> str:
    """The curves of an update's learning rates, and what multiplies them."""
    found = [draw_one(title(update, owner, path), value, run, width, glyphs) for path, owner, value in list_rates(update.optimizer)]
    watching = [f"The steps are multiplied by the factor of {op}, which follows the loss." for op in watchers(update.optimizer)]
    return "\n\n".join([*(found or [f"{update.optimizer.op_name()} has no learning rate"]), *watching])


def watchers(value: Any) -> Iterator[str]:
    """The ops of an optimizer whose doing depends on the loss."""
    if isinstance(value, Op):
        yield from [value.op_name()] if getattr(value, "watches_loss", False) else []
        for name in value.arguments():
            for _, item in items_of(getattr(value, name)):
                yield from watchers(item)


def title(update: UpdatePlan, owner: Op, path: Path) -> str:
    """`learning_rate of adam, in the update critic, for "embed/**"`."""
    name = f", in the update {update.name}" if update.name else ""
    groups = "".join(", for else" if place == "else" else f', for "{place}"' for _, place in path if isinstance(place, str))
    return f"{path[-1][0]} of {owner.op_name()}{name}{groups}"


def draw_one(head: str, rate: Schedule | float, run: Run, width: int, glyphs: Glyphs) -> str:
    """A learning rate as a curve; as a sentence where it is a number, or where the length of training is not known."""
    if not isinstance(rate, Schedule):
        return f"{head}: {rate:g} at every step"
    text, scale = f"{head}: {to_text(rate)}", run.scale(rate)
    if scale is None:
        return f"{text}\n\n{RIDDLE}"
    known = course(rate, scale.clock, max(width, 2) * glyphs.across)
    parts = [text, curve(rate, scale, known, width, glyphs), list_moments(rate, scale, known)]
    return "\n\n".join([*parts, *([ONLY_EPOCHS] if scale.unit == "epoch" else [])])


ONLY_EPOCHS = "How many steps an epoch has is known only from the data, so the curve is drawn against epochs."
RIDDLE = "No curve: steps and epochs meet here, and how many steps an epoch has is known only from the data."


# --- values ----------------------------------------------------------------------------------------------------------


@record
class Course:
    """The values of a schedule at some steps, in order."""

    steps: tuple[int, ...]
    values: tuple[float, ...]

    def at(self, step: int) -> float:
        """The value at a step, or at the last one before it that is known."""
        return self.values[bisect_right(self.steps, step) - 1]


def course(schedule: Schedule, clock: Clock, count: int) -> Course:
    """At so many steps along the training and at every moment, computed as training computes them."""
    total = max(clock.total_steps, 1)
    along = (min(round(k * total / count), total - 1) for k in range(count))
    steps = sorted({0, *along, *(min(m.step, total - 1) for m in moments_of(schedule, clock)), total - 1})
    found = jax.jit(jax.vmap(lambda step: jnp.asarray(schedule.value(step, clock), jnp.float32)))(np.asarray(steps, np.int32))
    return Course(tuple(steps), tuple(np.asarray(found).tolist()))


def curve(schedule: Schedule, scale: Scale, known: Course, width: int, glyphs: Glyphs) -> str:
    """The curve with its axes."""
    total = max(scale.clock.total_steps, 1)
    places = (0, total, *(m.step for m in moments_of(schedule, scale.clock)))
    ticks = [Tick(step / total, labels(scale, step)) for step in places]

    def sampled(count: int) -> list[float]:
        return [known.at(min(round(k * total / count), total - 1)) for k in range(count)]

    return plot(Picture(sampled, max(known.values), ticks, axes(scale)), width, glyphs)


def axes(scale: Scale) -> tuple[str, ...]:
    """The units of the horizontal axis: epochs only where no step is known."""
    return ("epoch",) if scale.unit == "epoch" else ("step", "epoch") if scale.known else ("step",)


def labels(scale: Scale, step: int) -> tuple[str, ...]:
    """The labels of a step, one for each axis."""
    epoch = shorten_number(step / scale.clock.steps_per_epoch)
    return {"epoch": (epoch,), "step": (f"{step:,}", epoch)}[scale.unit][: len(axes(scale))]


# --- moments ---------------------------------------------------------------------------------------------------------


def moments_of(schedule: Schedule, clock: Clock) -> list[Moment]:
    """The moments of a schedule and its parts in order, those at one step together."""
    found: dict[int, list[str]] = {}
    for step, word in sorted(label_marks(schedule, clock, 0, clock.total_steps)):
        words = found.setdefault(step, [])
        words += [word] if word not in words else []
    return [Moment(step, tuple(words)) for step, words in found.items()]


def label_marks(schedule: Schedule, clock: Clock, begin: int, end: int) -> Iterator[tuple[int, str]]:
    """Steps and words. What comes at the end of a part is the end of the training, or else the beginning of another part."""
    for mark in schedule.marks(clock):
        if 0 < mark.step and (mark.step < clock.total_steps or begin + mark.step == end):
            yield begin + mark.step, WORDS[mark.what]
    for part in schedule.parts(clock):
        if part.begin < clock.total_steps:
            yield from label_marks(part.schedule, part.clock, begin + part.begin, end)


def list_moments(schedule: Schedule, scale: Scale, known: Course) -> str:
    """The first step, the moments and the last step, each with its value."""
    total = max(scale.clock.total_steps, 1)
    found = [m for m in moments_of(schedule, scale.clock) if 0 < m.step < total - 1]
    ends = [word for m in moments_of(schedule, scale.clock) if total - 1 <= m.step <= total for word in m.words]
    first = [Moment(0, ("first step",))] if total > 1 else []
    shown = [*first, *found[: LIMITS.listed_moments], Moment(total - 1, ("last step", *ends))]
    rows = [(*labels(scale, m.step), f"{known.at(m.step):.4g}", ", ".join(m.words)) for m in shown]
    left = len(found) - LIMITS.listed_moments
    return table((*axes(scale), "rate", ""), rows) + (f"\nand {left} more moments before the last step" if left > 0 else "")
