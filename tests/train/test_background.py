"""Checkpoints are written while training goes on: of the moment that they are of, one at a time, and no failure passes unseen."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.files import WriteFailed
from netspec.library.base import Duration
from netspec.train.background_writing import Background
from netspec.train.checkpoint_store import Store
from netspec.train.session import Session
from tests.train.runs import happening, killed_after, lines, model, steps, tensors, train


class Slow:
    """Takes the place of `Store.save`: it does the same later, and notes which steps were done meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail_at: int = 0) -> None:
        self.original, self.fail_at = Store.save, fail_at
        self.now, self.most, self.done, self.behind = 0, 0, 0, dict[int, int]()
        step = Session._step

        def stepping(session: Session, fed: Any) -> None:
            step(session, fed)
            self.done = fed.after.step

        monkeypatch.setattr(Session, "_step", stepping)
        monkeypatch.setattr(Store, "save", lambda store, *rest: self.save(store, *rest))

    def save(self, store: Store, step: int, arrays: Mapping[str, Any], spec: str, facts: Mapping[str, Any]) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        limit = time.monotonic() + 60
        while self.done <= step and step != 18 and time.monotonic() < limit:
            time.sleep(0.001)
        try:
            if step == self.fail_at:
                raise Mistake(WriteFailed(path=str(store.path(step)), step="saving", reason="No space left on device"))
            self.original(store, step, arrays, spec, facts)
        finally:
            self.behind[step] = self.done
            self.now -= 1


def test_steps_go_on_and_what_is_written_is_of_its_own_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = model(keep=9, checkpoint=Duration(5, "step"))
    train(tmp_path / "whole", made)
    slow = Slow(monkeypatch)
    train(tmp_path / "run", made)
    assert slow.most == 1 and all(step < done for step, done in slow.behind.items() if step != 18)
    assert steps(tmp_path / "run") == steps(tmp_path / "whole")
    assert (lines(tmp_path / "run"), tensors(tmp_path / "run")) == (lines(tmp_path / "whole"), tensors(tmp_path / "whole"))
    with pytest.MonkeyPatch.context() as patch, killed_after(16):
        patch.setattr(Store, "save", slow.original)
        train(tmp_path / "cut", made)
    train(tmp_path / "cut", made, resume=True)
    assert tensors(tmp_path / "cut") == tensors(tmp_path / "whole")


def test_a_write_that_fails_is_told_behind_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch, fail_at=8)
    with pytest.raises(Mistake) as caught:
        train(tmp_path / "run", model())
    assert isinstance(caught.value.diagnostic, WriteFailed) and caught.value.diagnostic.path.endswith("checkpoints/8")
    assert 8 < slow.done <= 12 and steps(tmp_path / "run")[-1] < 8


def test_a_write_that_fails_at_the_end_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Slow(monkeypatch, fail_at=18)
    with pytest.raises(Mistake) as caught:
        train(tmp_path / "run", model())
    assert isinstance(caught.value.diagnostic, WriteFailed) and caught.value.diagnostic.path.endswith("checkpoints/18")


def test_whoever_looks_at_the_checkpoints_sees_the_one_that_was_on_its_way() -> None:
    """Also where the session is left by an exception: its lock is held until the write has ended."""
    writer, go, written = Background(), threading.Event(), list[int]()

    def write() -> None:
        go.wait(60)
        written.append(1)

    writer.start(write)
    go.set()
    writer.wait()
    assert written == [1]
    writer.start(lambda: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        writer.start(write)
    writer.raise_failure()
    assert written == [1]


def test_a_run_that_an_exception_ends_waits_for_its_checkpoint(tmp_path: Path) -> None:
    def fail() -> None:
        raise KeyError

    with happening(9, fail), pytest.raises(KeyError):
        train(tmp_path / "run")
    assert steps(tmp_path / "run")[-1] == 8
    assert not [thread for thread in threading.enumerate() if thread.name == "checkpoint"]
