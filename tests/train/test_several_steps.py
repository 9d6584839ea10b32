"""Several light steps in one call: nothing that a run writes depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.compile import compile
from netspec.diagnostics.running.runs import LossNotFinite
from netspec.diagnostics.spec_error import SpecError
from netspec.files import models_dir
from netspec.library.base import Clock, Duration
from netspec.lower.several_steps import AT_ONCE
from netspec.train import session
from netspec.train.batch_stream import Position, gather_steps, stack_fields, stream
from netspec.train.session import Session
from netspec.train.tally import Tally
from netspec.train.timetable import LOG_EVERY, Timetable
from tests.train.runs import killed_after, lines, model, tensors, train


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps of each call."""
    found: list[int] = []
    step = Session._step

    def stepping(self: Session, fed: Any) -> None:
        found.append(fed.steps)
        step(self, fed)

    monkeypatch.setattr(Session, "_step", stepping)
    return found


def written(run: Path) -> tuple[Any, Any]:
    return lines(run), tensors(run)


def test_the_bits_are_those_of_single_steps(tmp_path: Path, calls: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropout, batch norm, a scanned `repeat`, a schedule, a shuffle, and other batches in each step."""
    made = model(checkpoint=Duration(5, "step"))
    train(tmp_path / "several", made)
    assert calls == [1, 4, 1, 4, 2, 3, 3], "everything that is due ends a call"
    with monkeypatch.context() as patch:
        patch.setattr(Timetable, "ends", lambda table, step: step + 1)
        train(tmp_path / "one by one", made)
    with monkeypatch.context() as patch:
        patch.setattr(session, "is_light", lambda plan: False)
        train(tmp_path / "single", made)
    assert calls[7:] == [1] * 36
    assert written(tmp_path / "several") == written(tmp_path / "one by one")
    assert written(tmp_path / "several") == written(tmp_path / "single")


@pytest.mark.parametrize("step", [1, 3, 7, 14])
def test_a_run_that_ends_anywhere_goes_on_to_the_same_bits(tmp_path: Path, step: int) -> None:
    made = model(checkpoint=Duration(5, "step"))
    train(tmp_path / "whole", made)
    with killed_after(step):
        train(tmp_path / "run", made)
    train(tmp_path / "run", made, resume=True)
    assert written(tmp_path / "run") == written(tmp_path / "whole")


def test_a_batch_that_is_always_the_same_is_sent_once(tmp_path: Path, calls: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    made = compile(models_dir() / "karate_gcn.net", set={"train.duration": "1_000 steps"})
    feeds = made.feeds(None, None, None)
    sent: list[Any] = []
    batches = stream(feeds.train, Position(), 180, send=lambda batch: sent.append(batch) or batch, ends=lambda step: step + 60)
    found = list(batches)
    assert [(f.steps, f.stacked, f.after.step, f.examples) for f in found] == [(60, False, at, 60 * 34) for at in (60, 120, 180)]
    assert len(sent) == 1 and all(f.batch is sent[0] and f.last is sent[0] for f in found)
    several = made.train(feeds.train, feeds.validation, None, None, False, session_silent())
    assert calls == [1, 49, *[50] * 19]
    monkeypatch.setattr(session, "is_light", lambda plan: False)
    single = made.train(feeds.train, feeds.validation, None, None, False, session_silent())
    assert all(np.array_equal(x, single.state.params[name]) for name, x in several.state.params.items())
    assert [r.values for r in several.history] == [r.values for r in single.history]
    assert [r.measured for r in several.history] == [r.measured for r in single.history]


def session_silent() -> Any:
    from netspec.train.progress import Silent

    return Silent()


def test_where_a_call_ends_depends_on_the_step_alone() -> None:
    clocks = [Clock(1, 1_000), Clock(7, 1_000), Clock(2_500, 6_000)]
    for clock in clocks:
        for evaluate, checkpoint, keep, each in ((50, 150, 0, 50), (7, 49, 9, 14), (200, 300, 1_000, 0)):
            table = Timetable(clock, evaluate, checkpoint, keep, each)
            step, total = 0, clock.total_steps
            while step < total:
                end = table.ends(step)
                assert step < end <= min(step + AT_ONCE, total)
                assert [table.ends(inside) for inside in range(step + 1, end)] == [end] * (end - step - 1)
                due = [s for s in range(step + 1, end) if table.log_due(s) or table.evaluation_due(s) or table.checkpoint_due(s)]
                assert due == [], f"{due} are due between {step} and {end}"
                step = end
            assert step == total
    assert Timetable(Clock(2_500, 6_000), 2_500, 2_500).ends(2_500 + LOG_EVERY - 3) == 2_500 + LOG_EVERY


def test_only_batches_of_one_shape_stand_together_and_an_error_comes_behind_them() -> None:
    def source() -> Iterator[Any]:
        for step, width in enumerate((2, 2, 3, 3, 3, 2), 1):
            yield {"x": np.full((4, width), step, np.float32)}, Position(step)
        raise KeyError("gone")

    gathered = gather_steps(source(), 0, lambda step: (step // 4 + 1) * 4)
    found = [next(gathered) for _ in range(4)]
    assert [([int(b["x"][0, 0]) for b in own], after.step) for own, after in found] == [([1, 2], 2), ([3, 4], 4), ([5], 5), ([6], 6)]
    with pytest.raises(KeyError, match="gone"):
        next(gathered)
    stacked = stack_fields(found[1][0])["x"]
    assert stacked.shape == (AT_ONCE, 4, 3) and stacked[:2, 0, 0].tolist() == [3.0, 4.0] and not stacked[2:].any()


def test_statistics_of_several_steps_add_up_as_those_of_single_ones() -> None:
    rng, made = np.random.default_rng(0), model()
    steps = [{"a": np.float32(rng.normal()), "n": np.int32(k), "m": rng.normal(size=(2, 3)).astype(np.float32)} for k in range(9)]
    one, many = Tally(made, "eval"), Tally(made, "eval")
    for number, statistics in enumerate(steps, 1):
        one.add(number, statistics)
    for first, last in ((0, 1), (1, 5), (5, 9)):
        many.add_several(last, {name: np.stack([s[name] for s in steps[first:last] + steps[:2]]) for name in steps[0]}, last - first)
        if last == 1:
            assert [np.asarray(x).dtype for x in many.leaves()] == [np.float32, np.float32, np.int32]
    for a, b in zip(one.leaves(), many.leaves(), strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype and np.array_equal(a, b)


def test_a_loss_that_is_no_number_names_its_step() -> None:
    spec = """netspec 1
    model M { input x: f32[B, 2]; output y = x -> dense(1) }
    train M {
      data = arrays(fields={x: f32[2], t: f32[1]}) -> batch(4)
      loss = mean_squared_error(y, t)
      optimizer = sgd(0.1)
      duration = 100 steps
    }"""
    x, t = np.ones((200, 2), np.float32), np.ones((200, 1), np.float32)
    t[4 * 36] = 1e30
    with pytest.raises(SpecError) as caught:
        compile(spec).fit({"x": x, "t": t}, validation={"x": x[:4], "t": t[:4]})
    found = caught.value.diagnostics[0]
    assert isinstance(found, LossNotFinite) and found.step == 37


def test_steps_that_are_looked_at_one_by_one_are_taken_one_by_one() -> None:
    made = model()
    assert made.plan and made.may_take_several
    assert not replace(made, lowering="portable").may_take_several
    skipping = replace(made.plan, on_nonfinite=replace(made.plan.on_nonfinite, action="skip", limit=3))
    assert not replace(made, plan=skipping).may_take_several
