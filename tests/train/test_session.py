"""The loop: what it writes, and that interrupting it changes nothing."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.runs import LossNotFinite
from netspec.library.base import Duration
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.train.run_folder import RunFolder
from tests.quick import thin
from tests.train.runs import RECIPE, happening, killed_after, lines, model, steps, tensors, train


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    train(out)
    return out


def test_each_epoch_writes_a_line_of_training_and_one_of_evaluation(whole: Path) -> None:
    assert [(r["step"], r["epoch"], r["split"]) for r in lines(whole)] == [
        (6, 1, "train"), (6, 1, "validation"), (12, 2, "train"), (12, 2, "validation"), (18, 3, "train"), (18, 3, "validation"),
    ]  # fmt: skip


def test_training_learns(whole: Path) -> None:
    losses = [r["loss"] for r in lines(whole) if r["split"] == "train"]
    assert losses[-1] < 0.8 * losses[0]


def test_a_second_run_is_the_same_bit_for_bit(whole: Path, tmp_path: Path) -> None:
    train(tmp_path / "again")
    assert lines(tmp_path / "again") == lines(whole)
    assert tensors(tmp_path / "again") == tensors(whole)


@pytest.mark.parametrize("moment", thin([5, 1, 4, 6, 11, 17, 18], 4))
def test_a_killed_run_resumes_bit_for_bit(whole: Path, tmp_path: Path, moment: int) -> None:
    with killed_after(moment):
        train(tmp_path / "run")
    train(tmp_path / "run", resume=True)
    assert lines(tmp_path / "run") == lines(whole)
    assert tensors(tmp_path / "run") == tensors(whole)
    assert steps(tmp_path / "run") == steps(whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", thin([6, 2, 12, 18], 4))
def test_a_signal_saves_the_step_and_the_run_goes_on_bit_for_bit(whole: Path, tmp_path: Path, moment: int, number: int) -> None:
    with happening(moment, lambda: signal.raise_signal(number)):
        stopped = train(tmp_path / "run")
    assert stopped.stop.exit_code == 128 + number
    assert steps(tmp_path / "run")[-1] == moment
    train(tmp_path / "run", resume=True)
    assert lines(tmp_path / "run") == lines(whole)
    assert tensors(tmp_path / "run") == tensors(whole)


def test_resuming_a_finished_run_changes_nothing(whole: Path) -> None:
    before = tensors(whole), lines(whole), steps(whole)
    assert train(whole, resume=True).metrics["loss"] == lines(whole)[-1]["loss"]
    assert (tensors(whole), lines(whole), steps(whole)) == before


def test_resuming_without_a_checkpoint_starts_anew(whole: Path, tmp_path: Path) -> None:
    with killed_after(2):
        train(tmp_path / "run")
    assert steps(tmp_path / "run") == []
    train(tmp_path / "run", resume=True)
    assert lines(tmp_path / "run") == lines(whole)


def test_lines_after_the_last_checkpoint_and_torn_ones_are_written_again(whole: Path, tmp_path: Path) -> None:
    with killed_after(7):
        train(tmp_path / "run", model(checkpoint=Duration(5, "step")))
    log = tmp_path / "run" / "metrics.jsonl"
    log.write_text(log.read_text() + '{"step": 9, "epo')
    train(tmp_path / "run", resume=True)
    assert lines(tmp_path / "run") == lines(whole)


def test_the_newest_checkpoints_and_the_best_stay(tmp_path: Path) -> None:
    train(tmp_path / "run", model(epochs=6, checkpoint=Duration(2, "step"), keep=3))
    losses = {r["step"]: r["loss"] for r in lines(tmp_path / "run") if r["split"] == "validation"}
    best = min(losses, key=lambda step: losses[step])
    assert set(steps(tmp_path / "run")) == {best, 32, 34, 36}


def test_best_is_the_lowest_evaluation_loss_even_if_training_went_on(tmp_path: Path) -> None:
    train(tmp_path / "run", model(epochs=4, optimizer=Sgd(learning_rate=1.5), keep=1))
    losses = {r["step"]: r["loss"] for r in lines(tmp_path / "run") if r["split"] == "validation"}
    store = RunFolder(tmp_path / "run", RECIPE, {}).store
    assert store.best() == min(losses, key=lambda step: losses[step]) != store.choose("last")


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_last_good_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(Mistake) as caught:
        train(tmp_path / "run", model(optimizer=Sgd(learning_rate=1e20), checkpoint=Duration(1, "step")))
    problem = caught.value.diagnostic
    assert isinstance(problem, LossNotFinite) and not np.isfinite(problem.value)
    kept = steps(tmp_path / "run")
    assert kept and problem.checkpoint == str(tmp_path / "run" / "checkpoints" / str(kept[-1]))
    assert kept[-1] < problem.step


def test_a_parameter_that_is_no_number_is_not_saved(tmp_path: Path) -> None:
    made = model(optimizer=Sgd(learning_rate=3.4e38), checkpoint=Duration(1, "step"))
    with pytest.raises(Mistake) as caught:
        train(tmp_path / "run", made)
    assert isinstance(caught.value.diagnostic, LossNotFinite) and "parameter" in caught.value.diagnostic.message()
    assert steps(tmp_path / "run") == []


def test_half_an_epoch_is_evaluated_at_its_end(tmp_path: Path) -> None:
    made = model(epochs=0.5)
    assert [r.step for r in train(tmp_path / "run", made).history] == [3, 3]


def test_the_second_signal_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from netspec.train.signals import listen

    left: list[int] = []
    leave: Callable[[int], None] = left.append
    monkeypatch.setattr("os._exit", leave)
    with listen() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.exit_code == 130 and not left
        signal.raise_signal(signal.SIGTERM)
    assert left == [143]


def test_the_second_signal_leaves_beside_plugins_inside_a_callback_of_the_garbage_collector_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the code of plugins is kept from leaving, and nobody could catch what says so."""
    from netspec.library.shelf.plugin_guard import stay
    from netspec.train.signals import listen

    left: list[int] = []
    leave: Callable[[int], None] = left.append
    monkeypatch.setattr("os._exit", leave)

    def collect(phase: str, info: object) -> None:
        if phase == "start":
            signal.raise_signal(signal.SIGTERM)

    with stay(), stay(), listen() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.exit_code == 143 and not left
        gc.callbacks.append(collect)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(collect)
        assert left == [143]


def test_signals_are_python_s_again_after_the_run(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    train(tmp_path / "run", model(epochs=1))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
