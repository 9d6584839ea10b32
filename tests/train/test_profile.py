"""`netspec train --profile`: what start-up and steps were spent on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from netspec.cli.main import main
from netspec.lazy import jax
from netspec.train import profile
from netspec.train.profile import STEP, Profile
from netspec.train.progress import Silent
from tests.train.runs import model
from tests.train.test_kept_memory import SPEC


def drive(measured: Profile, steps: int) -> None:
    """A training of so many steps."""
    measured.mark("the data")
    for _ in range(steps):
        with measured.within(profile.DISPATCH):
            pass
        measured.stepped()
    measured.end()


def test_a_trace_is_of_some_steps_behind_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    measured = Profile(tmp_path / "trace")
    monkeypatch.setattr(jax.profiler, "start_trace", lambda folder: calls.append((folder, measured.steps)))
    monkeypatch.setattr(jax.profiler, "stop_trace", lambda: calls.append(measured.steps))
    drive(measured, 40)
    assert calls == [(str(tmp_path / "trace"), profile.BEGIN), profile.END]
    assert list(measured.lines())[-1].startswith(
        f"a trace of steps {profile.BEGIN + 1} to {profile.END} of this process lies in {tmp_path}"
    )
    calls.clear()
    measured = Profile(tmp_path / "trace")
    drive(measured, 9)
    assert calls == [(str(tmp_path / "trace"), profile.BEGIN), 9], "one that ends early is ended with the training"
    calls.clear()
    drive(measured := Profile(), 40)
    assert calls == [] and not measured.traced


def test_the_shares_add_up() -> None:
    drive(measured := Profile(), 10)
    rows = [line for line in measured.lines() if line.startswith("  ")]
    shares = [float(re.search(r"([\d.]+) (s|ms) ", row + " ")[1]) for row in rows]  # type: ignore[index]
    assert [row.strip().rsplit("  ")[0].strip() for row in rows][:2] == ["the data", "the first step"]
    assert len(rows) == 2 + len(STEP) + 1 and all(share >= 0 for share in shares)


def test_a_training_without_a_step_has_no_table_of_steps() -> None:
    measured = Profile()
    measured.mark("the data")
    measured.end()
    assert len(list(measured.lines())) == 2


def test_every_training_is_measured() -> None:
    made = model()
    assert made.plan and made.plan.eval.data
    measured = Profile()
    feeds = made.feeds(None, None, None)
    made.train(feeds.train, feeds.validation, None, None, False, Silent(), profile=measured)
    assert measured.steps == 18 and {profile.DISPATCH, profile.COMPUTE, profile.EVALUATION} <= measured.seconds.keys()
    assert list(measured.start) == ["run folder, first weights", "the first step"]


def test_the_command_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.net").write_text(SPEC)
    assert main(["train", "m.net", "--profile"]) == 0
    shown = capsys.readouterr().out
    words = ("start-up: ", "Python, imports", "reading and proving the spec", "the first step", "a step: ", *STEP, "the loop itself")
    assert all(word in shown for word in words), shown
    assert main(["train", "m.net", "--profile", "--dry-run"]) == 2
    assert "`--profile` would be left unused" in capsys.readouterr().err


def test_a_training_that_goes_back_adds_nothing_to_its_start() -> None:
    measured = Profile()
    drive(measured, 3)
    before = dict(measured.start)
    measured.mark("run folder, first weights")
    assert measured.start == before


def test_a_disk_that_takes_no_trace_stops_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jax.profiler, "start_trace", lambda folder: None)
    monkeypatch.setattr(jax.profiler, "stop_trace", full)
    measured = Profile(tmp_path / "trace")
    drive(measured, 40)
    assert list(measured.lines())[-1].startswith("no step was traced")
