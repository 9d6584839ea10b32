"""Schedules held against trainings: what is told, and what is not."""

from __future__ import annotations

import pytest

from netspec.compile import check
from netspec.library.base import Clock, Duration, Schedule
from netspec.library.optimizers.adam import Adam
from netspec.library.optimizers.chain import Chain
from netspec.library.optimizers.clipping import ClipByGlobalNorm
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.library.schedules import (
    Constant,
    Cosine,
    CosineOneCycle,
    Exponential,
    Join,
    Linear,
    LinearOneCycle,
    Piecewise,
    Restarts,
    Rsqrt,
    Step,
    Warmup,
    WarmupConstant,
    WarmupCosine,
    WarmupExponential,
)
from netspec.library.schedules.run_length import Run, schedules_in, shorten_number
from netspec.library.schedules.schedule_fit import findings
from netspec.library.shelf.index_writer import classes
from netspec.library.shelf.op_text import to_text
from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.twin import to_json

steps, epochs = (lambda n: Duration(n, "step")), (lambda n: Duration(n, "epoch"))
KNOWN = Run(epochs(40), 44)
"""1,760 steps."""
STEPS, EPOCHS = Run(steps(1000)), Run(epochs(40))
"""The length of an epoch is not known."""


def told(schedule: Schedule, run: Run) -> list[str]:
    return [finding.problem.message() for finding in findings(schedule, run)]


FINE = [
    (Constant(number=0.1), KNOWN),
    (Cosine(start=0.1), KNOWN),
    (Cosine(start=0.1, duration=epochs(40)), KNOWN),
    (Cosine(start=0.1, duration=steps(1750)), KNOWN),
    (Cosine(start=0.1, duration=steps(1770)), KNOWN),
    (Linear(start=0.0, end=0.1, duration=epochs(2)), KNOWN),
    (WarmupCosine(peak=0.1, warmup=steps(500)), KNOWN),
    (WarmupCosine(peak=0.1, warmup=steps(0)), KNOWN),
    (WarmupCosine(peak=0.1, warmup=steps(500)), EPOCHS),
    (WarmupCosine(peak=0.1, warmup=epochs(5)), STEPS),
    (WarmupConstant(peak=0.1, warmup=epochs(39)), KNOWN),
    (WarmupExponential(peak=0.1, warmup=steps(100), rate=0.5, every=epochs(100)), KNOWN),
    (Exponential(start=0.1, rate=0.5, every=epochs(100)), KNOWN),
    (Step(start=0.1, at=(epochs(39),), to=(0.01,)), KNOWN),
    (Piecewise(start=0.1, at=(epochs(5), epochs(40)), to=(0.2, 0.0)), EPOCHS),
    (CosineOneCycle(peak=0.1), KNOWN),
    (LinearOneCycle(peak=0.1, duration=steps(1000)), STEPS),
    (Restarts(schedule=Cosine(start=0.1), every=epochs(10)), KNOWN),
    (Restarts(schedule=Cosine(start=0.1), every=steps(1)), KNOWN),
    (Rsqrt(factor=1.0, warmup=epochs(50)), EPOCHS),
    (Warmup(schedule=Cosine(start=0.1, duration=epochs(35)), duration=epochs(5)), KNOWN),
    (Join(schedules=(Linear(start=0.0, end=0.1, duration=epochs(2)), Cosine(start=0.1)), at=(epochs(5),)), EPOCHS),
]


@pytest.mark.parametrize(("schedule", "run"), FINE)
def test_what_fits_is_not_told(schedule, run):
    assert told(schedule, run) == []


TOLD = [
    (
        WarmupCosine(peak=0.1, warmup=steps(2000)),
        KNOWN,
        "warms up for 2,000 steps (45.5 epochs), but the run has 1,760 (40 epochs): it never",
    ),
    (WarmupCosine(peak=0.1, warmup=epochs(40)), EPOCHS, "warms up for 40 epochs, but the run has 40: it never reaches its peak of 0.1"),
    (WarmupCosine(peak=0.1, warmup=steps(10), duration=steps(10)), STEPS, "but the schedule itself has 10: it never reaches its peak"),
    (Cosine(start=0.1, duration=steps(2000)), STEPS, "decays for 2,000 steps, but the run has 1,000: it never reaches its end of 0"),
    (
        Cosine(start=0.1, duration=steps(100)),
        STEPS,
        "is over after 100 steps, but the run has 1,000: the last 900 steps have a rate of 0 and",
    ),
    (Linear(start=0.0, end=0.1, duration=epochs(50)), EPOCHS, "rises for 50 epochs, but the run has 40: it never reaches 0.1"),
    (
        Step(start=0.1, at=(epochs(10), epochs(60), epochs(80)), to=(0.01, 0.001, 0.0)),
        EPOCHS,
        "changes to 0.001 after 60 epochs, but the run",
    ),
    (Piecewise(start=0.1, at=(steps(100), steps(5000)), to=(0.2, 0.1)), STEPS, "decays for 5,000 steps, but the run has 1,000"),
    (Piecewise(start=0.1, at=(steps(1500), steps(5000)), to=(0.05, 0.1)), STEPS, "reaches 0.05 after 1,500 steps, but the run has 1,000"),
    (Exponential(start=0.1, rate=0.5, every=epochs(60), staircase=True), EPOCHS, "changes to 0.05 after 60 epochs, but the run has 40"),
    (
        CosineOneCycle(peak=0.1, duration=epochs(30)),
        EPOCHS,
        "is over after 30 epochs, but the run has 40: the last 10 epochs have a rate of 4e-07",
    ),
    (
        Rsqrt(factor=1.0, warmup=steps(1000)),
        STEPS,
        "warms up for 1,000 steps, but the run has 1,000: it never reaches its peak of 0.0316228",
    ),
    (Warmup(schedule=Cosine(start=0.1), duration=steps(1000)), STEPS, "`warmup` warms up for 1,000 steps, but the run has 1,000"),
    (
        Warmup(schedule=Cosine(start=0.1, duration=steps(500)), duration=steps(100)),
        STEPS,
        "`cosine` is over after 500 steps, but the time behind",
    ),
    (
        Join(schedules=(Constant(number=0.1), Cosine(start=0.1)), at=(steps(1000),)),
        STEPS,
        "begins its next schedule after 1,000 steps, but the run",
    ),
    (Restarts(schedule=Cosine(start=0.1), every=epochs(60)), EPOCHS, "begins anew after 60 epochs, but the run has 40: it never does"),
    (
        Restarts(schedule=Cosine(start=0.1), every=epochs(15)),
        EPOCHS,
        "the run ends after 40 epochs, in the middle of cycle 3 of `restarts`, which goes from 30",
    ),
    (
        Restarts(schedule=Cosine(start=0.1, duration=epochs(5)), every=epochs(10)),
        EPOCHS,
        "`cosine` is over after 5 epochs, but the first cycle has 10",
    ),
    (Step(start=0.1, at=(steps(10), epochs(1)), to=(0.01, 0.001)), KNOWN, "which of `10 steps` and `1 epoch` comes first"),
    (Step(start=0.1, at=(steps(10), epochs(1)), to=(0.01, 0.001)), EPOCHS, "which of `10 steps` and `1 epoch` comes first"),
    (WarmupCosine(peak=0.1, warmup=steps(10), duration=epochs(40)), EPOCHS, "which of `10 steps` and `40 epochs` comes first"),
]


@pytest.mark.parametrize(("schedule", "run", "words"), TOLD)
def test_what_does_not_fit_is_told_with_the_numbers(schedule, run, words):
    [message] = told(schedule, run)
    assert words in message


def test_a_problem_is_laid_at_the_argument():
    joined = Join(
        schedules=(Constant(number=0.1), Cosine(start=0.1, duration=steps(10)), Constant(number=0.1)), at=(steps(100), steps(500))
    )
    [finding] = findings(joined, STEPS)
    assert finding.path == (("schedules", 1), ("duration", None))


def test_schedules_are_found_wherever_they_are():
    inner = Adam(learning_rate=Cosine(start=0.1))
    chain = Chain(parts=(ClipByGlobalNorm(max_norm=1.0), inner))
    assert list(schedules_in(chain)) == [((("parts", 1), ("learning_rate", None)), inner.learning_rate)]
    assert list(schedules_in(Adam(learning_rate=0.1))) == []


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1"), (45.4545, "45.5"), (0.0432, "0.04"), (100.4, "100"), (1234.5, "1,234"), (99.96, "100")]
)
def test_amounts_are_short(number, text):
    assert shorten_number(number) == text


def test_lengths_as_the_spec_would_write_them():
    scale = KNOWN.scale(Cosine(start=0.1))
    assert scale is not None and scale.clock == Clock(44, 1760)
    assert [scale.written(n) for n in (1, 44, 45, 1760)] == ["1 step", "1 epoch", "45 steps", "40 epochs"]
    assert [scale.text(n) for n in (1, 44)] == ["1 step (0.02 epochs)", "44 steps (1 epoch)"]
    plain = STEPS.scale(Cosine(start=0.1))
    assert plain is not None and (plain.written(1000), plain.text(1000)) == ("1_000 steps", "1,000 steps")


def all_of_them() -> list[Schedule]:
    return [example.op for cls in classes() if issubclass(cls, Schedule) for example in cls.examples()]  # type: ignore[misc]


SPEC = """netspec 1
model M {
  input x: f32[B, 4]
  output y = x -> dense(1)
}
train M {
  data = arrays(fields={x: f32[4], target: f32[1]}) -> batch(8)
  loss = mean_squared_error(y, target)
  optimizer = sgd(SCHEDULE)
  duration = 2 epochs
}
"""


@pytest.mark.parametrize("schedule", all_of_them(), ids=to_text)
def test_text_and_json_mean_the_schedule(schedule: Schedule):
    text = SPEC.replace("SCHEDULE", to_text(schedule))
    file, _ = parse(Source("m.net", text))
    assert file is not None
    for source in (Source("m.net", text), Source("m.json", to_json(file)[0])):
        typed = check(source).typed
        assert typed is not None and typed.trains[0].optimizer == Sgd(learning_rate=schedule)


def test_an_argument_of_a_part_can_be_set():
    text = SPEC.replace("SCHEDULE", "warmup(cosine(0.1), 1 epoch)")
    checked = check(Source("m.net", text), overrides={"train.optimizer.sgd.learning_rate.warmup.schedule.cosine.start": "0.5"})
    assert checked.problems == () and checked.typed is not None
    assert checked.typed.trains[0].optimizer == Sgd(learning_rate=Warmup(schedule=Cosine(start=0.5), duration=epochs(1)))
