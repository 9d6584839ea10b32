"""Windows of series against plain loops, and what may not be cut into windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.compile import check
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import sequences
from netspec.diagnostics.data.chains import NoSuchField
from netspec.diagnostics.data.fields import NotADataChain
from netspec.library.base import BadArguments
from netspec.library.data.columns import rows_of, select
from netspec.library.data.datasets.user_data import choose_part
from netspec.library.data.transforms.windows import Windows
from netspec.shape import TensorType
from netspec.source import Source
from netspec.train.example_encoding import apply_to_all
from netspec.train.feed import feed_from
from netspec.train.predictions.needed_fields import find_needed


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


def test_no_window_reaches_across_rows_that_are_not_there() -> None:
    kept = select({"x": np.arange(12)}, np.array([0, 1, 2, 3, 7, 8, 9, 11]))
    made = Windows(length=3).prepare(kept, None)["x"]
    assert rows_of(made, np.arange(len(made))).tolist() == [[0, 1, 2], [1, 2, 3], [7, 8, 9]]


SPEC = """netspec 1
model M {{
  input x: f32[B, 3]
  output y_hat = x -> dense(1)
}}
train M {{
  data = {chain} -> batch(2)
  loss = mean_squared_error(y_hat, y)
  optimizer = sgd(0.1)
  duration = 1 epoch
}}
"""
FIELDS = "fields={x: f32[], y: f32[], day: i32[], eng: i32[]}"
WINDOWS = 'windows(3, horizon=1, target="y"'


@pytest.mark.parametrize("series", [False, True])
@pytest.mark.parametrize("order", ["newest first", "shuffled"])
def test_rows_are_put_in_the_order_by_which_they_are_set_aside(tmp_path: Path, series: bool, order: str) -> None:
    """A file in any order makes the windows of one in the order of time, and a prediction says the rows of the file."""
    count = 200
    place = np.arange(count)[::-1] if order == "newest first" else np.random.default_rng(0).permutation(count)
    rows = [f"{k}.0,{k}.0,{k // 2 if series else k},{k % 2 if series else 0}" for k in place.tolist()]
    (tmp_path / "t.csv").write_text("\n".join(["x,y,day,eng", *rows]) + "\n")
    chain = f'csv("t.csv", {FIELDS}, test=0.2, split_by="day") -> {WINDOWS}{", series=" + chr(34) + "eng" + chr(34) if series else ""})'
    checked = check(Source("m.net", SPEC.format(chain=chain)))
    assert checked.typed is not None, checked.problems
    train = checked.typed.trains[0]
    step, seen = 2 if series else 1, 0
    for plan in (train.data, train.eval.data, train.eval.test):
        assert plan is not None
        made = feed_from(tmp_path, plan, 0).arrays  # type: ignore[union-attr]
        x, y = (rows_of(made[name], np.arange(len(made[name]))) for name in ("x", "y"))
        assert (np.diff(np.concatenate([x, y], axis=1)) == step).all()
        seen += len(x)
    assert seen == count - 3 * 3 * (2 if series else 1)
    table = {"x": place.astype("f4"), "day": place // step, "eng": place % step}
    found = apply_to_all(train.data, {**table, "number": np.arange(count)}, {})
    last = rows_of(found["number"], np.arange(len(found["x"])))[:, -1]
    np.testing.assert_array_equal(place[last], rows_of(found["x"], np.arange(len(last)))[:, -1])
    assert set(find_needed(train.data, ["x"])) == {"x", "day", *(["eng"] if series else [])}


@pytest.mark.parametrize(
    ("chain", "words", "right"),
    [
        (f'csv("t.csv", {FIELDS}, group="eng") -> {WINDOWS})', "sets them aside by `group`", f'{WINDOWS}, series="eng")'),
        (f'csv("t.csv", {FIELDS}, split_by="y") -> {WINDOWS})', "which is predicted and no order of rows", ""),
        (f'csv("t.csv", {FIELDS}, group="eng") -> {WINDOWS}, series="eng")', "", ""),
        (f'csv("t.csv", {FIELDS}, split_by="day") -> {WINDOWS})', "", ""),
    ],
)
def test_rows_set_aside_out_of_the_middle_are_refused(chain: str, words: str, right: str) -> None:
    problems = check(Source("m.net", SPEC.format(chain=chain))).problems
    if not words:
        assert problems == ()
    else:
        (problem,) = problems
        assert isinstance(problem, NotADataChain) and words in problem.message()
        assert "".join(edit.text for edit in problem.changes) in right


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
