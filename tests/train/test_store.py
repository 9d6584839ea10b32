"""Checkpoints on the disk, without a program: bits, names, leftovers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from netspec.train.checkpoint_store import Store
from tests.train.checkpoints import SPEC, damage, facts, rewrite
from tests.train.older import age

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


@pytest.mark.parametrize("older", [False, True])
def test_tensors_come_back_bit_for_bit(store: Store, older: bool) -> None:
    save(store, 3)
    if older:
        age(store, 3)
    assert sorted(p.name for p in store.path(3).iterdir()) == ["manifest.json", "tensors" if older else "tensors.bin"]
    arrays, manifest = store.restore(3)
    assert list(arrays) == list(ARRAYS) and manifest.step == 3 and manifest.spec == SPEC
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape, arrays[name].tobytes()) == (array.dtype, array.shape, array.tobytes()), name


@pytest.mark.parametrize("older", [False, True])
def test_a_manifest_that_names_other_tensors_than_are_stored_is_refused(store: Store, older: bool) -> None:
    save(store, 3)
    if older:
        age(store, 3)
    leaves = [[leaf.name, leaf.dtype, list(leaf.shape)] for leaf in store.restore(3)[1].leaves]
    wrong = {
        "scalar is float64[1], but ": [["scalar", "float64", [1]], *leaves[1:]],
        "is stored": leaves[:1] + leaves[:0:-1],
        "no tensor is stored for w float32[2]": [*leaves, ["w", "float32", [2]]],
        "is stored that no leaf is": leaves[:-1],
    }
    for words, named in wrong.items():
        if not (older and "float64" in words):  # Orbax knows no tensor without axes: such a one has one element along one
            rewrite(store.path(3), leaves=named)
            found = damage(lambda: store.restore(3))
            assert words in found and found.startswith("manifest.json: "), found


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


def test_old_and_new_checkpoints_stand_beside_each_other(store: Store) -> None:
    save(store, 1, 2, loss={1: 0.5, 2: 1.0})
    age(store)
    save(store, 3, 4, 5)
    assert store.steps() == [1, 4, 5] and store.choose("best") == 1
    assert [store.restore(step)[1].format for step in store.steps()] == [1, 2, 2]
    assert all(list(store.restore(step)[0]) == list(ARRAYS) for step in store.steps())


def test_large_tensors_are_written_as_they_are(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netspec.train.packed_tensors._JOINED", 100)
    arrays = {"a": np.arange(5), "b": np.arange(60, dtype=np.int16).reshape(3, 20).T, "c": np.ones((), bool), "d": np.zeros((0, 9))}
    arrays |= {"e": np.arange(99, dtype=ml_dtypes.bfloat16), "f": np.arange(33)[::-1]}
    save(store, 3, arrays=arrays)
    found, _ = store.restore(3)
    assert {n: (a.dtype, a.shape, a.tobytes()) for n, a in arrays.items()} == {n: (a.dtype, a.shape, a.tobytes()) for n, a in found.items()}


def test_few_calls_reach_the_disk(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each flush is a wait for the disk: one for each of two files, one for each folder whose entries are new."""
    calls: list[int] = []
    monkeypatch.setattr("os.fsync", calls.append)
    save(store, 3)
    assert len(calls) == 4
