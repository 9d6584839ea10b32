"""What a command does with a process that is its own: settings for all of it, which an import of netspec, or a command called from Python,
leaves alone. Floor 6."""

from __future__ import annotations

import os

PORTABLE = "portable"
_owned = False


def own_process() -> None:
    """This process is a command's: it was started for it, and ends behind it."""
    global _owned
    _owned = True


def prepare_process(lowering: str) -> None:
    """Have memory and compiled programs kept, before JAX looks for devices. `lowering` is that of the program: `portable` leaves memory as
    it is."""
    if not _owned:
        return
    from netspec.train.kept_memory import keep_memory
    from netspec.train.kept_programs import keep_programs

    keep_programs()
    if lowering != PORTABLE:
        keep_memory()


def prepare_for_run(path: str) -> None:
    """The same for a command that opens a run; of what is no run nothing is said here."""
    from netspec.diagnostics.base import Mistake
    from netspec.train.run_folder import open_run

    if not _owned or not os.path.isdir(path):
        return
    try:
        settings = open_run(path).settings["settings"]
    except Mistake:
        return
    prepare_process(settings.get("lowering", {}).get("value", ""))
