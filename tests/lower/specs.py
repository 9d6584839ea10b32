"""Programs of specs in f64 or f32, and batches of digits that nobody has to load."""

from __future__ import annotations

from typing import Any

import numpy as np

from netspec.compile import check
from netspec.diagnostics.drawing.text import render_text
from netspec.ir import TrainPlan
from netspec.lower.program import Program
from netspec.source import Source


def program(text: str, precision: str = "f64", repeat: str | None = None) -> Program:
    """The program of a spec's first `train`, which has no errors."""
    found = check(Source("spec.net", f"netspec 1\n{text}"))
    assert found.typed is not None and found.ok, render_text(found.problems)
    return Program.of(found.typed, precision=precision, repeat=repeat)


def plan(made: Program) -> TrainPlan:
    assert made.plan is not None
    return made.plan


def digits(size: int, seed: int = 0, dtype: Any = np.float64) -> dict[str, Any]:
    """A batch of the fields of `digits`, drawn."""
    rng = np.random.default_rng(seed)
    return {"image": rng.random((size, 8, 8, 1)).astype(dtype), "label": rng.integers(0, 10, size).astype(np.int32)}


def paths(tree: Any, prefix: str = "") -> dict[str, np.ndarray]:
    """Nested dicts as one, by path."""
    if not isinstance(tree, dict):
        return {prefix: np.asarray(tree)}
    return {path: x for key, part in tree.items() for path, x in paths(part, f"{prefix}/{key}" if prefix else key).items()}


def changed(before: Any, after: Any) -> set[str]:
    """The paths of the parameters that differ."""
    old, new = paths(before["params"]), paths(after["params"])
    return {path for path in old if not np.array_equal(old[path], new[path])}


def close(found: Any, wanted: Any, tolerance: float = 1e-10) -> None:
    """Two trees agree, to an absolute and relative tolerance."""
    ours, theirs = paths(found), paths(wanted)
    assert ours.keys() == theirs.keys()
    for path in ours:
        np.testing.assert_allclose(ours[path], theirs[path], tolerance, tolerance, err_msg=path)
