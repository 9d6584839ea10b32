"""Checkpoints to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.train import manifest
from netspec.train.checkpoint_store import Store
from netspec.train.leaves import Leaf
from netspec.train.manifest import Manifest, files_of, manifest_text
from tests.train.checkpoints import SPEC, facts


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint of two files, one of them in a folder."""
    folder = tmp_path / "run" / "checkpoints" / "7"
    (folder / "tensors").mkdir(parents=True)
    (folder / "first").write_bytes(b"x" * 1234)
    (folder / "tensors" / manifest.NAME).write_bytes(b"not the manifest")
    content = Manifest(7, SPEC, (Leaf("w", "float32", (2, 3)),), facts(7), files_of(folder))
    (folder / manifest.NAME).write_bytes(manifest_text(content))
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Store:
    return Store(tmp_path / "checkpoints", keep=2)
