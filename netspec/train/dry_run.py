"""Tries a training without doing it: compiles its step, takes two on made-up data, and says what the run would be. It writes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.spec_error import SpecError
from netspec.lazy import jax
from netspec.train.feed import Feed
from netspec.train.gradient_accumulation import group_batches
from netspec.train.run_folder import SETTINGS
from netspec.train.synthetic_batch import choose_sizes, make_batch
from netspec.train.timetable import Timetable, timetable

if TYPE_CHECKING:
    from netspec.train.trainable_model import Feeds, Program


@dataclass(frozen=True)
class DryRun:
    """A training that is only looked at."""

    program: Program
    data: Path | None
    out: Path
    sizes: Mapping[str, int]
    """Sizes of free dims that were asked for."""

    def lines(self) -> Iterator[str]:
        """The plan, line by line. Raises `Mistake` or `SpecError` where no step can be taken."""
        plan = self.program.plan
        assert plan is not None
        feed, why = self._feed()
        table = None if feed is None else timetable(plan, feed.steps_per_epoch)
        yield from self._model_lines()
        yield from self._data_lines(feed, why)
        yield from self._length_lines(table)
        yield from self._step_lines(table)
        yield "nothing was written"

    def _feed(self) -> tuple[Feed | None, str]:
        """The training data, where they are there; else why they are not."""
        plan = self.program.plan
        assert plan is not None
        try:
            return group_batches(self._parts.train, plan.accumulate), ""
        except Mistake as mistake:
            return None, mistake.diagnostic.message()
        except SpecError as error:
            return None, error.diagnostics[0].message()

    @cached_property
    def _parts(self) -> Feeds:
        """All parts of the data, which are read once."""
        return self.program.feeds(None, None, self.data)

    def _model_lines(self) -> Iterator[str]:
        plan, layout = self.program.plan, self.program.layout
        assert plan is not None
        count = sum(_product(leaf.shape) for leaf in layout.params.values())
        yield f"train {plan.name}: {count:,} parameters in {sum(len(leaf.paths) for leaf in layout.params.values()):,} tensors"
        yield f"  precision  {plan.precision}" + ("" if plan.accumulate == 1 else f", {plan.accumulate} batches a step")

    def _data_lines(self, feed: Feed | None, why: str) -> Iterator[str]:
        plan = self.program.plan
        assert plan is not None
        if feed is None:
            yield f"  data       not read: {why}"
            return
        yield f"  train      {_describe(feed)}"
        for part, other in ((plan.eval.part, self._parts.validation), ("test", self._parts.test)):
            yield f"  {part:<10} {'none' if other is None else _describe(other, steps=False)}"

    def _length_lines(self, table: Timetable | None) -> Iterator[str]:
        plan = self.program.plan
        assert plan is not None
        total = f"{table.clock.total_steps:,} steps ({plan.duration})" if table else str(plan.duration)
        yield f"  length     {total}, an evaluation every {plan.eval.every}, a checkpoint every {plan.checkpoint.every}"

    def _step_lines(self, table: Timetable | None) -> Iterator[str]:
        """Compiles and takes two steps; the second one is timed."""
        plan = self.program.plan
        assert plan is not None
        program = self.program._bound(table.clock) if table else self.program
        sizes = choose_sizes(program, plan, self.sizes)
        batch, state = make_batch(program, plan, sizes), program.init()
        kept = sum(x.nbytes for x in jax.tree.leaves(state))
        began = time.perf_counter()
        step, memory = program.compile_step(state, batch, program.gauge())
        compiled = time.perf_counter() - began
        seconds = _time_second(program, step, state, batch)
        shown = ", ".join(f"{name}={size}" for name, size in sizes.items())
        yield f"  step       {_in_words(seconds)} at {shown or 'the sizes of the spec'}, compiled in {compiled:.1f} s"
        if table:
            yield f"  training   about {_in_words(seconds * table.clock.total_steps)} of steps, evaluations and waiting for data apart"
        yield f"  memory     {_describe_memory(memory)}"
        files = f"spec, {SETTINGS}, metrics.jsonl, checkpoints of {bytes_in_words(kept)} ({plan.checkpoint.keep} and the best stay)"
        yield f"  writes     {self.out}: {files}"


def _time_second(program: Program, step: Any, state: Any, batch: Any) -> float:
    """Seconds of the second of two steps."""
    arrays, seconds = program.send(batch), 0.0
    with program.width():
        for _ in range(2):
            began = time.perf_counter()
            state, *_ = jax.block_until_ready(step(state, arrays))
            seconds = time.perf_counter() - began
    return seconds


def _describe(feed: Feed, steps: bool = True) -> str:
    """`1,437 examples, 44 steps an epoch`."""
    count = getattr(getattr(feed, "feed", feed), "examples", None)
    words = [f"{count:,} examples"] if count is not None else []
    return ", ".join([*words, *([f"{feed.steps_per_epoch:,} steps an epoch"] if steps and feed.steps_per_epoch else [])])


def _describe_memory(memory: Any) -> str:
    """What XLA plans for one step: what stays, what comes and goes, and both together."""
    if memory is None:
        return "not known on this device"
    state, passing = memory.argument_size_in_bytes, memory.temp_size_in_bytes
    fresh = max(memory.output_size_in_bytes - memory.alias_size_in_bytes, 0)
    parts = f"state and batch {bytes_in_words(state)}, in passing {bytes_in_words(passing + fresh)}"
    return f"{bytes_in_words(state + passing + fresh)} a step ({parts}), by XLA's plan"


def _product(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def bytes_in_words(count: float) -> str:
    """`4.6 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} TiB"


def _in_words(seconds: float) -> str:
    """`0.8 ms`, `12 s`, `3 h 20 min`."""
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min"
