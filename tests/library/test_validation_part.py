"""What is set aside for validation: how many, which, and that it is a function of the seed and the data alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netspec.compile import check
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import OneGroup, TooFewToSplit
from netspec.diagnostics.data.chains import SplitWithoutOrder
from netspec.library.base import Dataset
from netspec.library.data.datasets.arrays import Arrays
from netspec.library.data.datasets.csv import Csv
from netspec.library.data.datasets.digits import Digits
from netspec.library.data.datasets.karate import KarateClub
from netspec.library.data.split_fields import find_split_problem
from netspec.library.data.validation_part import choose_validation, count_validation
from netspec.library.shelf.index_writer import classes
from netspec.shape import TensorType

SEED_0, SEED_LAST = [5, 20, 47, 59, 65, 146], [5, 67, 105, 142, 154, 164]
TYPES = {name: TensorType("i32") for name in ("x", "label", "patient", "day")}


def data(size: int = 200) -> dict[str, Any]:
    rng = np.random.default_rng(size)
    names = {"label": rng.choice(4, size, p=[0.5, 0.3, 0.15, 0.05]), "patient": rng.integers(0, 25, size), "day": rng.permutation(size)}
    return {"x": np.arange(size), **names}


def held(seed: int = 0, classes: str = "", size: int = 200, **arguments: Any) -> Any:
    return np.flatnonzero(choose_validation(Arrays(fields=TYPES, **arguments), data(size), seed, classes, 8))


@pytest.mark.parametrize(
    ("size", "wanted", "batch", "count"),
    [(200, "auto", 8, 20), (200, "auto", 180, 20), (200, "auto", 181, 0), (4, "auto", 1, 0), (200, None, 8, 0), (200, 0.25, 8, 50),
     (200, 0.001, 8, 1), (200, 30, 199, 30)],
)  # fmt: skip
def test_how_many(size: int, wanted: Any, batch: int, count: int) -> None:
    assert count_validation(size, wanted, batch) == count


@pytest.mark.parametrize(("size", "wanted"), [(1, 0.1), (0, 0.1), (5, 5), (3, 0.9)])
def test_more_than_there_is_is_refused(size: int, wanted: Any) -> None:
    with pytest.raises(Mistake) as caught:
        count_validation(size, wanted)
    assert isinstance(caught.value.diagnostic, TooFewToSplit)


def test_which_depends_on_the_seed_and_never_changes() -> None:
    assert held(0).tolist() == held(0).tolist() != held(1).tolist()
    assert [len(held(seed, validation=0.3)) for seed in range(5)] == [60] * 5
    assert held(0, validation=6).tolist() == SEED_0 and held(2**32 - 1, validation=6).tolist() == SEED_LAST


def test_each_class_gives_its_share() -> None:
    labels = data()["label"]
    for seed in range(5):
        found = np.bincount(labels[held(seed, "label", validation=0.2)], minlength=4)
        exact = np.bincount(labels, minlength=4) * 0.2
        assert found.sum() == 40 and (np.abs(found - exact) < 1).all()
    assert held(0, "label").tolist() != held(1, "label").tolist()


def test_groups_stay_together() -> None:
    patients = data()["patient"]
    for seed in range(10):
        chosen = held(seed, "label", group="patient", validation=0.2)
        assert set(patients[chosen]).isdisjoint(np.delete(patients, chosen))
        assert 40 <= len(chosen) < 40 + np.bincount(patients).max()
    assert len(set(patients[held(0, group="patient", validation=199)])) < len(set(patients))


def test_the_last_ones_by_a_field_by_the_file_or_by_time() -> None:
    days = data()["day"]
    assert sorted(days[held(3, split_by="day", validation=0.1)]) == list(range(180, 200))
    assert held(3, split_by="time", validation=0.1).tolist() == list(range(180, 200))
    timed = choose_validation(Arrays(fields={**TYPES, "time": TensorType("i32")}, split_by="time"), {**data(), "time": -days}, 0)
    assert sorted(days[timed]) == list(range(20))


def unordered(dataset: Dataset, name: str) -> bool:
    """Nothing is set aside by the largest values of a field, and its help names fields by which it might be."""
    found = find_split_problem(dataset, "split_by", name)
    types = dataset.batch_types()
    return isinstance(found, SplitWithoutOrder) and name not in found.fields and all(types[n].dtype != "bool" for n in found.fields)


def test_no_dataset_sets_its_last_class_aside() -> None:
    """A law over the shelf: what a dataset says are classes or words is no order, of `group` it may be."""
    datasets = [e.op for cls in classes() if issubclass(cls, Dataset) and cls.batched for e in cls.examples() if isinstance(e.op, Dataset)]
    named = [(d, n) for d in datasets for n in {*d.class_counts(), *d.numbers_words()} if d.batch_types()[n].rank == 1]
    assert len(named) > 8 and all(unordered(*each) for each in named)
    assert not any(find_split_problem(dataset, "group", name) for dataset, name in named)
    assert unordered(Arrays(fields={"x": TensorType("i32"), "yes": TensorType("bool")}), "yes")


@pytest.mark.parametrize(
    ("loss", "refused"),
    [("softmax_cross_entropy(y, label)", True), ("sigmoid_cross_entropy(y[:, 0], cast(label, f32))", True),
     ("mean_squared_error(y[:, 0], cast(label, f32))", False)],
)  # fmt: skip
def test_the_class_that_is_learned_is_no_order(loss: str, refused: bool) -> None:
    data = 'arrays(fields={x: f32[2], told: i32[], day: i32[]}, split_by="told") -> rename(told="label") -> batch(4)'
    body = f"model M {{ input x: f32[B, 2]; output y = x -> dense(2) }}\ntrain M {{ data = {data}; loss = {loss}"
    found = [p for p in check(f"netspec 1\n{body}; optimizer = sgd(0.1); duration = 1 step }}\n").problems]
    assert [(type(p), p.fields) for p in found] == ([(SplitWithoutOrder, ("day",))] if refused else [])


def test_one_group_is_refused() -> None:
    with pytest.raises(Mistake) as caught:
        choose_validation(Arrays(fields=TYPES, group="patient"), {**data(), "patient": np.zeros(200)}, 0)
    assert isinstance(caught.value.diagnostic, OneGroup)


def test_data_that_are_one_whole_have_no_such_arguments() -> None:
    assert {"validation", "split_by", "group"} <= set(Digits.arguments()) and not KarateClub.arguments()
    assert list(Digits.arguments()) and Digits().validation == "auto" == KarateClub().validation
    with pytest.raises(ValueError):
        KarateClub(validation=0.1)


@pytest.mark.parametrize("arguments", [{"validation": 0}, {"validation": 1.0}, {"validation": -3}, {"validation": "half"}, {"group": 3}])
def test_other_arguments_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Digits(**arguments)


def test_a_group_that_is_no_field_yet_is_to_be_declared() -> None:
    fields = {"age": TensorType("f32"), "smoker": TensorType("i32")}
    table = find_split_problem(Csv(file="a.csv", fields=fields, group="patient"), "group", "patient")
    given = find_split_problem(Arrays(fields=fields, group="patient"), "group", "patient")
    own = find_split_problem(Digits(group="patient"), "group", "patient")
    assert table and given and own
    assert table.help() == (
        "declare it in `fields`, `patient: i32[]`, with `categories={patient: N}` where the column holds words, at most N of them; "
        "the model need not take it"
    )
    assert given.help() == "declare it in `fields`, `patient: i32[]`; the model need not take it"
    assert own.help() == "name one of `image` or `label`"
