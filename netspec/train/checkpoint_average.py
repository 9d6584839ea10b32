"""Averages the checkpoints of a run: parameters and running statistics become their means, everything else is that of the newest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import CheckpointMismatch, CheckpointsReplaced, TooFewCheckpoints
from netspec.files import new_folder, write_atomic
from netspec.lazy import jax, np
from netspec.library.base import Array
from netspec.train.checkpoint_store import TRIES, Store
from netspec.train.leaves import describe_leaves, differences
from netspec.train.manifest import Manifest
from netspec.train.run_folder import CHECKPOINTS, KEPT, SETTINGS, RunFolder
from netspec.train.strict_json import read_file

MEANT = (".params", ".buffers", ".average")
"""The parts of a state that a mean is taken of."""


def average_last(run: RunFolder, count: int) -> tuple[tuple[int, ...], dict[str, Array], Manifest]:
    """The steps of the newest checkpoints of a run, their mean, and the manifest of the newest. Raises `Mistake`.

    The process that trains into the run may remove one of them while they are read: then they are chosen anew.
    """
    for _ in range(TRIES):
        steps = run.store.steps()
        if len(steps) < count:
            raise Mistake(TooFewCheckpoints(run=str(run.path), wanted=count, steps=tuple(steps)))
        chosen = steps[len(steps) - count :]
        try:
            return _average(run, chosen)
        except (Mistake, OSError):
            if set(chosen) <= set(run.store.steps()):
                raise
    raise Mistake(CheckpointsReplaced(run=str(run.path), which=f"last:{count}", tries=TRIES))


def _average(run: RunFolder, chosen: Sequence[int]) -> tuple[tuple[int, ...], dict[str, Array], Manifest]:
    """The mean of the checkpoints of these steps."""
    newest, manifest = run.store.restore(chosen[-1])
    sums = {name: array.astype(np.float64) for name, array in newest.items() if is_meant(name, array)}
    for step in chosen[:-1]:
        _add(sums, newest, run.store, step)
    mean = {name: (total / len(chosen)).astype(newest[name].dtype) for name, total in sums.items()}
    return tuple(chosen), {**newest, **mean}, manifest


def is_meant(name: str, array: Array) -> bool:
    """Whether a tensor is a part of the model, of numbers that have a mean."""
    return name.startswith(MEANT) and bool(jax.numpy.issubdtype(array.dtype, np.floating))


def _add(sums: dict[str, Array], newest: dict[str, Array], store: Store, step: int) -> None:
    """Adds the tensors of an earlier checkpoint, which must be of the same model."""
    arrays, _ = store.restore(step)
    found = differences(*(describe_leaves({name: tensors[name] for name in tensors if name in sums}) for tensors in (newest, arrays)))
    if found:
        raise Mistake(CheckpointMismatch(path=str(store.path(step)), differences=found))
    for name in sums:
        sums[name] += arrays[name].astype(np.float64)


def write_run(run: RunFolder, out: Path, steps: Sequence[int], arrays: dict[str, Array], manifest: Manifest) -> None:
    """A run folder with the run's spec and one checkpoint, the mean."""
    with new_folder(out) as folder:
        _fill_run(folder, run, steps, arrays, manifest)


def _fill_run(folder: Path, run: RunFolder, steps: Sequence[int], arrays: dict[str, Array], manifest: Manifest) -> None:
    """What the folder holds."""
    facts = {**manifest.facts, "score": None, "best": None, "reached": None, "waited": 0, "stopped": False}
    replace(run.store, folder=folder / CHECKPOINTS, keep=1).save(steps[-1], arrays, manifest.spec, facts)
    for name in (run.settings["spec"], *KEPT):
        if (run.path / name).exists():
            write_atomic(folder / name, read_file(run.path / name))
    settings = {**run.settings, "mean_of": list(steps)}
    write_atomic(folder / SETTINGS, json.dumps(settings, indent=2) + "\n")
