"""Keeps the vocabularies and tokenizers that the data chain learned in `learned.json` of a run folder, so that the folder is enough."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import NotARun
from netspec.files import PathLike, read_bytes, write_atomic
from netspec.train.data_preparation import Knowledge

NAME = "learned.json"


def write_learned(run: Path, learned: Knowledge) -> None:
    """Write what was learned, unless it stands there or is nothing."""
    if learned and not (run / NAME).exists():
        write_atomic(run / NAME, json.dumps({"sha256": _digest(learned), "learned": learned}) + "\n")


def read_learned(run: PathLike | None) -> Knowledge:
    """What a run has learned; nothing where there is no run. Raises `Mistake` with `NotARun` for a damaged file."""
    if run is None or not (Path(run) / NAME).exists():
        return {}
    try:
        found = json.loads(read_bytes(Path(run) / NAME))
        learned = found["learned"]
        whole = found["sha256"] == _digest(learned)
    except (ValueError, RecursionError, KeyError, TypeError):
        whole, learned = False, {}
    if not whole:
        raise Mistake(NotARun(path=str(run), finding=f"its `{NAME}` is damaged"))
    return learned


def _digest(learned: Knowledge) -> str:
    """What tells that the file is whole."""
    return hashlib.sha256(json.dumps(learned, sort_keys=True).encode()).hexdigest()
