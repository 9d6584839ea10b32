"""Checkpoints on the disk, without a program: bits, names, leftovers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from netspec.train.checkpoint_store import Store
from tests.train.checkpoints import SPEC, facts

ARRAYS: dict[str, Any] = {
    "scalar": np.float64(0.1) * np.ones(()),
    "step": np.int32(7),
    "half": np.array([1.5, -0.0, np.inf], ml_dtypes.bfloat16),
    "nan": np.array([np.nan, 1e-45], np.float32),
    "flags": np.array([[True], [False]]),
    "empty": np.zeros((0, 3), np.float32),
    "a name/with: odd ['characters'] ../..": np.arange(6, dtype=np.uint32).reshape(2, 3),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "checkpoints", keep=2)


def save(store: Store, *steps: int, loss: dict[int, float] | None = None, arrays: dict[str, Any] = ARRAYS) -> None:
    store.recover()
    for step in steps:
        store.save(step, arrays, SPEC, facts(step, (loss or {}).get(step)))


def test_tensors_come_back_bit_for_bit(store: Store) -> None:
    save(store, 3)
    arrays, manifest = store.restore(3)
    assert list(arrays) == list(ARRAYS) and manifest.step == 3 and manifest.spec == SPEC
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape, arrays[name].tobytes()) == (array.dtype, array.shape, array.tobytes()), name


def test_no_tensor_s_name_becomes_a_file_s(store: Store) -> None:
    save(store, 3)
    assert not [p for p in store.folder.rglob("*") if "odd" in p.name]


def test_the_newest_and_the_best_stay(store: Store) -> None:
    save(store, 1, 2, 3, 4, 5, loss={1: 3.0, 2: 1.0, 3: 2.0})
    assert store.steps() == [2, 4, 5]
    assert (store.choose("best"), store.choose("last"), store.choose("4")) == (2, 5, 4)


def test_multiples_stay_for_good(tmp_path: Path) -> None:
    kept = Store(tmp_path / "checkpoints", keep=1, keep_every=3)
    save(kept, *range(1, 9), loss={2: 0.5})
    assert kept.steps() == [2, 3, 6, 8]


def test_the_earliest_of_equals_is_the_best(store: Store) -> None:
    save(store, 1, 2, loss={1: 1.0, 2: 1.0})
    assert store.best() == 1


def test_without_evaluations_the_last_is_the_best(store: Store) -> None:
    save(store, 0, 1)
    assert store.best() is None and store.choose("best") == 1


def test_step_zero_may_be_the_best(store: Store) -> None:
    save(store, 0, 1, loss={0: 1.0, 1: 2.0})
    assert store.choose("best") == 0


def test_saving_a_step_again_replaces_it(store: Store) -> None:
    save(store, 3)
    save(store, 3, arrays={"other": np.ones(2, np.float32)})
    assert list(store.restore(3)[0]) == ["other"]
    assert [p.name for p in store.folder.iterdir()] == ["3"]


def test_a_process_that_died_while_replacing_a_step_has_not_lost_it(store: Store) -> None:
    save(store, 3)
    store.path(3).rename(store.folder / ".3.old")
    assert store.steps() == []
    store.recover()
    assert store.steps() == [3] and list(store.restore(3)[0]) == list(ARRAYS)


def test_what_a_dead_process_left_is_cleared_away(store: Store) -> None:
    save(store, 3)
    for name in (".4.tmp", ".2.gone", ".3.old"):
        (store.folder / name).mkdir()
    store.recover()
    assert [p.name for p in store.folder.iterdir()] == ["3"]


def test_a_folder_that_is_no_checkpoint_is_left_alone(store: Store) -> None:
    save(store, 3)
    (store.folder / "mine").mkdir()
    (store.folder / "12").mkdir()
    save(store, 4, 5, 6)
    assert store.steps() == [5, 6] and (store.folder / "mine").is_dir() and (store.folder / "12").is_dir()
