"""Checkpoints made and damaged."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.running.checkpoints import CheckpointDamaged
from netspec.train import manifest
from netspec.train.checkpoint_store import Store

ONE = {"a": np.arange(3, dtype=np.float32)}
SPEC = "5" * 64
"""The digest of a spec."""


def facts(step: int, loss: float | None = None) -> dict[str, Any]:
    """Where a run stood that was evaluated at this step."""
    where = {"step": step, "epoch": 1, "batch": 0, "seed": 0, "evaluated": step, "seconds": 1.5}
    return {**where, "score": loss, "best": loss, "reached": None, "waited": 0, "stopped": False}


def problem(run: Any) -> Diagnostic:
    with pytest.raises(Mistake) as caught:
        run()
    return caught.value.diagnostic


def damage(run: Any) -> str:
    found = problem(run)
    assert isinstance(found, CheckpointDamaged)
    return f"{Path(found.path).name}: {found.finding}"


def rewrite(checkpoint: Path, **changes: Any) -> None:
    """Another manifest with a digest that fits."""
    body = json.loads((checkpoint / manifest.NAME).read_bytes()) | changes
    (checkpoint / manifest.NAME).write_bytes(manifest._text({**body, "digest": manifest._digest(body)}))


def save(kept: Store, *steps: int, loss: dict[int, float] | None = None) -> None:
    kept.recover()
    for step in steps:
        kept.save(step, ONE, SPEC, facts(step, (loss or {}).get(step)))


def _inside(descriptor: str, folder: Path) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith(str(folder))
    except OSError:
        return False
