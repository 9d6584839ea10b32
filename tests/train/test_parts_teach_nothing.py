"""A law: what is set aside for validation or test changes neither what a data chain learns nor one batch of training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.library.data.datasets.user_data import choose_held_out
from netspec.library.data.validation_part import choose_validation
from netspec.source import Source
from netspec.testing.checks import hold, require

COUNT, SEED = 60, 0
SPEC = """netspec 1

model M {{
  input {inputs}
  output y = {body}
}}

train M {{
  data      = {data} -> shuffle -> batch(8)
  loss      = mean(y)
  optimizer = sgd(0.1)
  duration  = 1 epoch
}}
"""
Write = Callable[[Path, list[int]], None]
"""Writes the files of a chain; of the records with these numbers another content."""


def table(folder: Path, changed: list[int]) -> None:
    rng = np.random.default_rng(0)
    rows, plain = [], []
    for k in range(COUNT):
        x, town, age = rng.normal(), f"t{int(rng.integers(4))}", "" if k % 5 == 0 else f"{rng.normal():.3f}"
        plain.append(f"{x:.4f},{town},{age},{'abc'[k % 3]}")
        rows.append(f"1e6,new{k},77,{'abc'[k % 3]}" if k in changed else plain[-1])
    for name, texts in {"t.csv": rows, "u.csv": plain}.items():
        (folder / name).write_text("x,town,age,label\n" + "\n".join(texts) + "\n")


def lines(folder: Path, changed: list[int]) -> None:
    rng = np.random.default_rng(1)
    paths = [rng.normal(size=(1 + k % 4, 2)).tolist() for k in range(COUNT)]
    examples = [{"x": [[1e5, -1e5]] * 9 if k in changed else path, "label": k % 3} for k, path in enumerate(paths)]
    (folder / "t.jsonl").write_text("".join(json.dumps(example) + "\n" for example in examples))


def sentences(folder: Path, changed: list[int]) -> None:
    rng = np.random.default_rng(2)
    words = [[f"w{int(rng.integers(9))}" for _ in range(2 + k % 3)] for k in range(COUNT)]
    words = [["other"] * 2 if k in changed else row for k, row in enumerate(words)]
    text = "\n".join("".join(f"{n}\t{w}\t_\t_\tT{w[-1]}\t_\t_\t_\t_\t_\n" for n, w in enumerate(row, 1)) for row in words)
    (folder / "t.conllu").write_text(text + "\n")


FIELDS = "fields={x: f32[], town: i32[], age: f32[], label: i32[]}"
CSV = FIELDS + ', classes={label: ["a", "b", "c"]}, categories={town: 5}, fill={age: "mean"}'
CHAINS: list[tuple[str, str, str, Write, bool]] = [
    ("x: f32[B]; input age: f32[B]; input town: i32[B]", "x + age", f'csv("t.csv", {CSV}, test=0.2) -> standardize("x")', table, True),
    ("x: f32[B]; input label: i32[B]", "x", f'csv("t.csv", {CSV}) -> standardize("age") -> class_weights("label")', table, False),
    (
        "x: f32[B, T, 2]",
        "mean(x, axis=[1, 2])",
        'json_lines("t.jsonl", fields={x: f32[T, 2], label: i32[]}, test=0.2) -> standardize("x")',
        lines,
        True,
    ),
    (
        "words: i32[B, T]; input tag: i32[B, T]",
        "sum(cast(words, f32), axis=1)",
        'conllu("t.conllu", size=9, tags=12, min_count=1)',
        sentences,
        False,
    ),
    (
        "x: f32[B]; input town: i32[B]",
        "x",
        f'mix([csv("t.csv", {CSV}), csv("u.csv", {CSV})], weights=[1, 1], validation=0.1)',
        table,
        False,
    ),
]
"""A model's inputs, its output, the data chain, what writes its files, and whether a fifth is the test part."""


def held(spec: str, tested: bool, folder: Path) -> list[int]:
    """The records of the file that are not trained on."""
    program = netspec.compile(Source("m.net", spec))
    plan = program.plan.data
    kept = np.flatnonzero(~choose_held_out(COUNT, 0.2)) if tested else np.arange(COUNT)
    table = plan.dataset.fields_to_divide(folder)
    validation = np.flatnonzero(choose_validation(plan.dataset, table, SEED, plan.classes, plan.batch))
    own = validation[validation < len(kept)]  # of a mixture those of the first dataset
    return sorted({*range(COUNT)} - {*kept.tolist()} | {*kept[own].tolist()})


def training(spec: str, folder: Path) -> tuple[Any, list[dict[str, Any]]]:
    """What the chain learned, and the batches of two epochs."""
    feed = netspec.compile(Source("m.net", spec)).training_feed(folder)
    return feed.learned, [batch for epoch in (0, 1) for batch in feed.training(epoch)]


def records_set_aside_teach_nothing(case: tuple[tuple[str, str, str, Write, bool], Path]) -> None:
    (inputs, body, data, write, tested), folder = case
    spec = SPEC.format(inputs=inputs, body=body, data=data)
    write(folder, [])
    known, batches = training(spec, folder)
    aside = held(spec, tested, folder)
    require(0 < len(aside) < COUNT / 2, f"{len(aside)} of {COUNT} records are set aside")
    write(folder, aside)
    again, others = training(spec, folder)
    require(again == known, f"learned {known}, then {again}")
    require(len(batches) == len(others) > 0, "another number of batches")
    for one, other in zip(batches, others, strict=True):
        require(one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one), "another batch")


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain[2].split("(")[0])
def test_records_set_aside_teach_nothing(tmp_path: Path, chain: Any) -> None:
    hold([records_set_aside_teach_nothing], (chain, tmp_path))
