"""A process that trains: `python -m tests.train.worker RUN [MOMENT]`. It resumes whatever stands there, and ends as `netspec train` does.

Into the file MOMENT it writes where it is, so that it can be killed there: see `Moment`.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

FORM = struct.Struct("<c?q")


class Moment(NamedTuple):
    """Where a process is."""

    place: str = "start"
    """ "start" (imports, data, the checkpoint that it goes on from), "compile" (up to the end of the first step), "train" or "eval"."""
    saving: bool = False
    """Whether a checkpoint is on its way to the disk."""
    step: int = 0
    """The newest step that was taken."""


PLACES = {b"s": "start", b"c": "compile", b"t": "train", b"e": "eval"}


def read_moment(path: Path) -> Moment:
    """Where the process is that writes the file; at its start where it has written none yet."""
    content = path.read_bytes() if path.exists() else b""
    if len(content) < FORM.size:
        return Moment()
    place, saving, step = FORM.unpack(content[: FORM.size])
    return Moment(PLACES[place], saving, step)


class Noted:
    """Writes into a file where this process is."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
        self._now: dict[str, Any] = {"place": b"s", "saving": False, "step": 0}
        self.note()

    def note(self, **changes: Any) -> None:
        self._now.update(changes)
        os.pwrite(self._file, FORM.pack(self._now["place"], self._now["saving"], self._now["step"]), 0)

    def watch(self) -> None:
        """Has the trainer tell where it is."""
        from netspec.train import session
        from netspec.train.checkpoint_store import Store

        def stepped(own: session.Session, fed: Any) -> None:
            taken(own, fed)
            self.note(place=b"t", step=own.position.step)

        run, taken = session.Session.run, session.Session._step
        session.Session.run = self._during(run, "place", b"c", b"t")  # type: ignore[method-assign]
        session.Session._step = stepped  # type: ignore[method-assign]
        session.evaluate_feed = self._during(session.evaluate_feed, "place", b"e", b"t")  # type: ignore[assignment]
        Store.save = self._during(Store.save, "saving", True, False)  # type: ignore[method-assign]

    def _during(self, work: Callable[..., Any], name: str, value: Any, behind: Any) -> Callable[..., Any]:
        """The same, noted while it is at work."""

        def noted(*args: Any, **named: Any) -> Any:
            self.note(**{name: value})
            try:
                return work(*args, **named)
            finally:
                self.note(**{name: behind})

        return noted


def main(run: str, moment: str = "") -> int:
    if moment:
        Noted(Path(moment)).watch()
    from tests.train.runs import long, train

    return train(Path(run), long(), resume=True).stop.exit_code


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
