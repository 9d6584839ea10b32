"""Finds out, when a run goes on, what of it has vanished: nothing begins anew without a word."""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import RunFileDamaged
from netspec.train.run_folder import RunFolder


def require_no_lines(run: RunFolder) -> None:
    """Raise `Mistake` where a run has lines of metrics, but its folder of checkpoints is gone: it was made before any line was written."""
    if run.log.exists and (lines := run.log.records()):
        finding = f"it is missing, though `{run.log.path.name}` has lines up to step {lines[-1].step:,}"
        raise Mistake(RunFileDamaged(path=str(run.store.folder), finding=finding))


def describe_fresh_start(run: RunFolder, step: int, begun: bool) -> str:
    """What is begun anew though something of it was there, in a line; nothing where all goes on. `begun`: lines were written by `step`."""
    if begun and not run.log.exists:
        return f"warning: `{run.log.path}` is missing; it begins anew behind step {step:,}"
    lines = run.log.records() if step == 0 and run.log.exists else []
    if lines:
        return f"the run has no checkpoint yet: it begins again at step 0, and its lines up to step {lines[-1].step:,} are written anew"
    return ""
