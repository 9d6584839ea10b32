"""`metrics.csv` has the numbers of `metrics.jsonl`, whatever interrupts the run."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

from netspec.train.metrics_log import Record
from netspec.train.metrics_table import Table, merge_columns, row_of
from tests.train.runs import killed_after, train

CLOCK = ("examples_per_second", "seconds", "data_wait")


def rows_of(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def agree(run: Path) -> None:
    """Every number of every line stands in its row, with every digit."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for line, row in zip(lines, rows_of(run), strict=True):
        flat = {**line.pop("metrics"), **line}
        assert {name: "" if value is None else str(value) for name, value in flat.items()} == {k: v for k, v in row.items() if k in flat}
        assert all(row[name] == "" for name in row.keys() - flat.keys())


def test_the_table_has_the_numbers_of_the_lines_also_behind_a_kill(tmp_path: Path) -> None:
    train(tmp_path / "whole")
    agree(tmp_path / "whole")
    with killed_after(14):
        train(tmp_path / "cut")
    with (tmp_path / "cut" / "metrics.csv").open("a") as file:
        file.write("15,2.5,tra")  # what a kill may leave
    train(tmp_path / "cut", resume=True)
    agree(tmp_path / "cut")
    steady = [{k: v for k, v in row.items() if k not in CLOCK} for row in rows_of(tmp_path / "whole")]
    assert [{k: v for k, v in row.items() if k not in CLOCK} for row in rows_of(tmp_path / "cut")] == steady


def test_columns_of_several_numbers_and_of_names_that_are_taken(tmp_path: Path) -> None:
    odd = {"recall": [0.5, math.nan], "pairs": [[1.0, 2.0]], "large": [0.0] * 101, "seconds": 3.0}
    row = row_of(Record(3, 0.5, "validation", math.inf, odd, None, 1.5))
    assert list(row) == [
        "step", "epoch", "split", "loss", "recall[0]", "recall[1]", "pairs[0][0]", "pairs[0][1]", "metric seconds",
        "examples_per_second", "seconds", "checkpoint", "data_wait",
    ]  # fmt: skip
    table, history = Table(tmp_path / "metrics.csv"), [Record(1, 0.1, "train", 1.0, {}, 2.0, 1.0)]
    table.add(history)
    history.append(Record(3, 0.5, "validation", math.inf, odd, None, 1.5))
    table.add(history)
    with table.path.open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["loss"], first["recall[0]"], second["loss"], second["recall[0]"], second["recall[1]"]) == ("1.0", "", "", "0.5", "")
    assert second["metric seconds"] == "3.0" and second["seconds"] == "1.5"


def test_what_is_measured_of_a_step_has_columns_of_its_own() -> None:
    record = Record(1, 0.1, "train", 1.0, {}, 2.0, 1.0)
    watched = {"a/kernel": {"gradient_norm": 1.0}}
    measured = {"learning_rate": {"actor": 0.1, "critic": 0.2}, "gradient_norm": 3.0, "watched": watched}
    object.__setattr__(record, "measured", measured)
    assert {name: value for name, value in row_of(record).items() if "rate" in name or "norm" in name} == {
        "learning_rate/actor": 0.1, "learning_rate/critic": 0.2, "gradient_norm": 3.0,
    }  # fmt: skip


def test_new_columns_stand_where_their_row_has_them() -> None:
    assert merge_columns([{"a": 1, "z": 2}, {"a": 1, "b": 2, "z": 3}, {"c": 1}]) == ["c", "a", "b", "z"]
