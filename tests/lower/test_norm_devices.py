"""Statistics of a batch are those of all its examples that count, on however many devices it lies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lower.models import batch
from tests.lower.spread_norms import WEIGHT
from tests.programs import UNREAD

ROOT = Path(__file__).resolve().parents[2]


def numbers(devices: int, folder: Path) -> Any:
    """Everything that `spread_norms` computes on so many devices."""
    file = folder / f"{devices}.npz"
    flags = f"--xla_force_host_platform_device_count={devices}"
    own = {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": f"error,ignore:{UNREAD}"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.lower.spread_norms", str(file)], cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return dict(np.load(file))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = tmp_path_factory.mktemp("norms")
    return numbers(1, folder), numbers(4, folder)


@pytest.mark.slow
def test_four_devices_compute_what_one_does(both: tuple[Any, Any]) -> None:
    one, four = both
    assert (one.pop("devices"), four.pop("devices")) == (1, 4) and set(one) == set(four)
    for name in one:
        np.testing.assert_allclose(one[name], four[name], rtol=2e-4, atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_batch_statistics_are_those_of_the_examples_that_count(both: tuple[Any, Any]) -> None:
    for run in both:
        mean, var = np.zeros(4), np.ones(4)
        for seed in range(3):
            kept = np.float64(batch(12, seed=seed)["x"])[WEIGHT != 0]
            mean, var = 0.5 * mean + 0.5 * kept.mean(0), 0.5 * var + 0.5 * kept.var(0)
        for name, wanted in (("mean", mean), ("var", var)):
            found = next(value for path, value in run.items() if "batch_norm_0" in path and name in path and not path.startswith("start"))
            np.testing.assert_allclose(found, wanted, 1e-5, 1e-6)


def test_each_repetition_has_a_vector_of_its_own_that_training_moves(both: tuple[Any, Any]) -> None:
    run = both[0]
    moved = {path: value for path, value in run.items() if path.endswith("['kernel_u']") and not path.startswith("start")}
    before = {path: value for path, value in run.items() if path.endswith("['kernel_u']") and path.startswith("start")}
    assert len(moved) == len(before) == 3
    for old, new in zip(sorted(before), sorted(moved), strict=True):
        assert not np.allclose(before[old], run[new]) and np.linalg.norm(run[new]) == pytest.approx(1, abs=1e-5)
    assert len({value.tobytes() for value in moved.values()}) == 3


def test_written_values_are_where_training_starts(both: tuple[Any, Any]) -> None:
    biases = [value for path, value in both[0].items() if path.startswith("start") and path.endswith("['dense_1']['bias']")]
    assert [bias.tolist() for bias in biases] == [[0.5, -1.0, 0.25]]
