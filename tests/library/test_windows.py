"""Windows of series against plain loops, and what may not be cut into windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import sequences
from netspec.diagnostics.data.chains import NoSuchField
from netspec.library.base import BadArguments
from netspec.library.data.columns import rows_of
from netspec.library.data.datasets.user_data import choose_part
from netspec.library.data.transforms.windows import Windows
from netspec.shape import TensorType


def by_loops(data: dict[str, np.ndarray], op: Windows) -> dict[str, list[Any]]:
    """The windows one by one."""
    count = len(next(iter(data.values())))
    names = data[op.series] if op.series else np.zeros(count)
    found: dict[str, list[Any]] = {name: [] for name in data}
    begin = 0
    for start in range(count):
        begin = start if start and names[start] != names[start - 1] else begin
        end = start + op.length + op.horizon
        if (start - begin) % op.stride or end > count or len(set(names[start:end].tolist())) > 1:
            continue
        for name, values in data.items():
            ahead = values[start + op.length : end]
            found[name].append(values[start] if name == op.series else ahead if name in op.target else values[start : start + op.length])
    return found


@pytest.mark.parametrize(
    "op",
    [
        Windows(length=3),
        Windows(length=4, stride=3),
        Windows(length=5, horizon=2, target=("y",)),
        Windows(length=1, horizon=1, target=("y",)),
    ]
    + [
        Windows(length=3, horizon=1, stride=2, target=("y",), series="engine"),
    ],
    ids=str,
)
def test_windows_are_those_of_plain_loops(op: Windows) -> None:
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(23, 2)).astype("f4"), "y": np.arange(23.0), "engine": np.repeat([7, 3, 7], [9, 2, 12])}
    expected, made = by_loops(data, op), op.prepare(data, None)
    types = op.fields({"x": TensorType("f32", ("B", 2)), "y": TensorType("f32", ("B",)), "engine": TensorType("i32", ("B",))})
    for name, rows in expected.items():
        assert len(made[name]) == len(rows) > 0
        found = rows_of(made[name], np.arange(len(rows)))
        np.testing.assert_array_equal(found, np.array(rows))
        np.testing.assert_array_equal(rows_of(made[name], np.array([len(rows) - 1, 0])), np.array([rows[-1], rows[0]]))
        assert np.shape(found)[1:] == tuple(dim.value for dim in types[name].shape[1:])


def test_without_the_target_windows_reach_to_the_last_row() -> None:
    op = Windows(length=3, horizon=2, target=("y",))
    assert rows_of(op.prepare({"x": np.arange(6)}, None)["x"], np.arange(4))[-1].tolist() == [3, 4, 5]


def test_what_is_refused() -> None:
    with pytest.raises(BadArguments, match="without `target`"):
        Windows(length=3, horizon=1)
    with pytest.raises(BadArguments, match="without `horizon`"):
        Windows(length=3, target="y")  # type: ignore[arg-type]
    with pytest.raises(Mistake) as caught:
        Windows(length=3, horizon=1, target=("z",)).fields({"y": TensorType("f32", ("B",))})
    assert isinstance(caught.value.diagnostic, NoSuchField)
    with pytest.raises(Mistake) as caught:
        Windows(length=3).fields({"y": TensorType("f32", ("B", "T"))})
    assert isinstance(caught.value.diagnostic, sequences.UnevenRows)
    with pytest.raises(Mistake) as caught:
        Windows(length=8, horizon=3, target=("y",)).prepare({"y": np.arange(10)}, None)
    assert isinstance(caught.value.diagnostic, sequences.NoWindow)


class Parts:
    """What a division looks at of a dataset."""

    def __init__(self, test: float, part: str, split_by: str | None = None, group: str | None = None) -> None:
        self.test, self.part, self.split_by, self.group = test, part, split_by, group


def test_the_test_part_is_the_end_of_a_series_or_whole_groups() -> None:
    last = choose_part(Parts(0.3, "test", "time"), 10)
    assert last is not None and np.flatnonzero(last).tolist() == [7, 8, 9]
    moments = np.array([5, 1, 9, 0])
    latest = choose_part(Parts(0.5, "test", "when"), 4, {"when": moments})
    assert latest is not None and np.flatnonzero(latest).tolist() == [0, 2]
    groups = np.random.default_rng(1).integers(0, 6, 50)
    test = choose_part(Parts(0.3, "test", group="patient"), 50, {"patient": groups})
    train = choose_part(Parts(0.3, "train", group="patient"), 50, {"patient": groups})
    assert test is not None and train is not None and (test != train).all() and 15 <= test.sum() < 50
    assert not set(groups[test]) & set(groups[train])
