"""Checkpoints of format 1, as netspec wrote them before: tensors in a folder that Orbax makes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from netspec.train import manifest
from netspec.train.checkpoint_store import OLDER_TENSORS, Store
from netspec.train.leaves import _ignore_late_news, _key, _quieten_orbax


def write_leaves(folder: Path, arrays: Sequence[Any]) -> None:
    """Tensors are stored under their numbers; those without elements, which Orbax refuses, are left out."""
    import orbax.checkpoint as orbax
    from orbax.checkpoint.type_handlers import NumpyHandler, create_type_handler_registry

    registry = create_type_handler_registry((np.ndarray, NumpyHandler(deepcopy_host_arrays=False)))
    handler = orbax.PyTreeCheckpointHandler(use_compression=False, type_handler_registry=registry)
    tree = {_key(i): np.atleast_1d(a) for i, a in enumerate(arrays) if a.size}
    with _quieten_orbax(), _ignore_late_news(), orbax.Checkpointer(handler) as checkpointer:
        checkpointer.save(folder.absolute(), args=orbax.args.PyTreeSave(tree))  # pyright: ignore[reportCallIssue]


def age(store: Store, *steps: int) -> None:
    """Make checkpoints of these steps, or all, what an older netspec would have written."""
    for step in steps or store.steps():
        arrays, found = store.restore(step)
        folder = store.path(step)
        shutil.rmtree(folder)
        os.mkdir(folder)
        write_leaves(folder / OLDER_TENSORS, list(arrays.values()))
        older = replace(found, files=manifest.files_of(folder), format=1)
        (folder / manifest.NAME).write_bytes(manifest.manifest_text(older))
