"""Four devices give what one gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.programs import UNREAD

ROOT = Path(__file__).resolve().parents[2]


def numbers(devices: int, folder: Path) -> Any:
    """Everything that `spread` computes on so many devices."""
    file = folder / f"{devices}.npz"
    flags = f"--xla_force_host_platform_device_count={devices}"
    own = {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": f"error,ignore:{UNREAD}"}
    command = [sys.executable, "-m", "tests.lower.spread", str(file)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return np.load(file)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder = tmp_path_factory.mktemp("devices")
    return numbers(1, folder), numbers(4, folder)


@pytest.mark.slow
def test_the_state_is_whole_and_the_batch_split(both: tuple[Any, Any]) -> None:
    assert [list(x["devices"]) for x in both] == [[1, 1], [4, 4]]


@pytest.mark.slow
def test_masks_are_identical(both: tuple[Any, Any]) -> None:
    one, four = both
    assert set(np.unique(one["masks"])) == {0.0, 2.0}
    np.testing.assert_array_equal(one["masks"], four["masks"])


def test_samples_are_identical(both: tuple[Any, Any]) -> None:
    one, four = both
    assert one["written"].shape == (8, 5) and len({tuple(row) for row in one["written"]}) > 1
    np.testing.assert_array_equal(one["written"], four["written"])


def test_training_agrees_to_rounding(both: tuple[Any, Any]) -> None:
    one, four = both
    assert set(one) == set(four)
    for name in one:
        if name not in ("devices", "compiled"):
            np.testing.assert_allclose(one[name], four[name], rtol=2e-4, atol=1e-5, err_msg=name)


def test_each_batch_size_compiles_once(both: tuple[Any, Any]) -> None:
    assert [int(x["compiled"]) for x in both] == [2, 2]
