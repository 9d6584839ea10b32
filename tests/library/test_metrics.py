"""Every metric beside scikit-learn or a NumPy oracle, with masks and weights, whole and in seven uneven batches; and their edges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.metrics import NoOutputAxis, NoSuchClass, UnequalSequences
from netspec.diagnostics.training.targets import LabelsShape, MaskShape, UnequalLabels, UnequalTargets
from netspec.library.base import BadArguments
from netspec.library.metrics.binary import BinaryF1
from netspec.library.metrics.calibration import CalibrationError
from netspec.library.metrics.classes import F1, ConfusionMatrix, Recall
from netspec.library.metrics.ranking import Auroc
from netspec.library.metrics.regression import R2
from netspec.library.metrics.token_sequences import Bleu, EditDistance
from netspec.shape import Facts
from tests.library import metric_cases as data
from tests.library.metric_cases import CASES, WEIGHTS
from tests.library.oracles_metrics import WHOLE
from tests.library.scope import parse
from tests.programs import UNREAD

ROOT = Path(__file__).resolve().parents[2]
EXACT = [i for i, (op, *_) in enumerate(CASES) if isinstance(op, ConfusionMatrix) and op.normalize == "none"]


def close(found: Any, expected: Any, rel: float = 1e-6) -> None:
    np.testing.assert_allclose(np.asarray(found, np.float64), np.asarray(expected, np.float64), rtol=rel, atol=1e-9)


FEW = [i for i, (op, *_) in enumerate(CASES) if type(op) not in {type(before) for before, *_ in CASES[:i]}]
"""One of each metric; the others are slow."""


@cache
def found(few: bool) -> dict[int, dict[str, tuple[Any, Any]]]:
    """By case and weights: on the whole set, and in seven batches."""
    chosen = [i for i in range(len(CASES)) if (i in FEW) == few]
    cases = [CASES[i] for i in chosen]
    program = data.Program([op for op, *_ in cases])
    whole = {how: program.finish(program.step(data.inputs(cases, how))) for how in WEIGHTS}
    parts = {how: program.finish(data.summed(program.step, data.batches(cases, how))) for how in WEIGHTS}
    return {case: {how: (whole[how][i], parts[how][i]) for how in WEIGHTS} for i, case in enumerate(chosen)}


def marked(index: int) -> Any:
    op = CASES[index][0]
    return pytest.param(index, id=f"{op.op_name()}-{index}", marks=() if index in FEW else pytest.mark.slow)


@pytest.mark.parametrize("how", WEIGHTS)
@pytest.mark.parametrize("index", [marked(i) for i in range(len(CASES))])
def test_a_metric_is_its_oracle_whole_and_in_seven_batches(index: int, how: str) -> None:
    op, arrays, named, shape = CASES[index]
    whole, parts = found(index in FEW)[index][how]
    close(whole, WHOLE[op.op_name()](op, *arrays, data.weight(shape, how), **named))
    close(parts, whole)
    if index in EXACT and how != "weights":
        assert parts == whole


@pytest.mark.slow
def test_eight_devices_give_what_one_gives(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    flags = {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": f"error,ignore:{UNREAD}",
    }
    command = [sys.executable, "-m", "tests.library.metric_cases", str(file)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **flags}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    eight = json.loads(file.read_text("utf-8"))
    assert eight["devices"] == 8
    for how in WEIGHTS:
        for index, many in enumerate(eight[how]):
            one = found(index in FEW)[index][how][0]
            close(many, one)
            assert many == one or index not in EXACT or how == "weights"


@pytest.mark.parametrize(
    ("op", "inputs", "named", "cls", "blame"),
    [
        (F1(), ("f32[B, T, 10]", "i32[B]"), {}, LabelsShape, "labels"),
        (F1(), ("f32[B, 10]", "i32[B]"), {"mask": "bool[B, 10]"}, MaskShape, "mask"),
        (Recall(of=10), ("f32[B, 10]", "i32[B]"), {}, NoSuchClass, "of"),
        (BinaryF1(), ("f32[B, 1]", "i32[B]"), {}, UnequalLabels, "labels"),
        (Auroc(), ("f32[B, 1]", "bool[B]"), {}, UnequalLabels, "labels"),
        (Auroc(average="outputs"), ("f32[B]", "bool[B]"), {}, NoOutputAxis, "average"),
        (R2(average="none"), ("f32[B]", "f32[B]"), {}, NoOutputAxis, "average"),
        (R2(), ("f32[B]", "f32[B, 1]"), {}, UnequalTargets, "targets"),
        (CalibrationError(), ("f32[B, 10]", "i32[B, 1]"), {}, LabelsShape, "labels"),
        (EditDistance(), ("i32[B, 6]", "i32[B, 2, 6]"), {}, UnequalSequences, "target"),
        (EditDistance(), ("i32[B, 6]", "i32[6]"), {}, UnequalSequences, "target"),
        (Bleu(), ("i32[B, 6]", "i32[B, 2, 3, 6]"), {}, UnequalSequences, "target"),
        (Bleu(), ("i32[B, 6]", "i32[B, 2, 6]"), {"target_length": "i32[B]"}, UnequalSequences, "target_length"),
        (Bleu(), ("i32[B, 6]", "i32[B, 6]"), {"mask": "bool[B, 6]"}, MaskShape, "mask"),
    ],
)
def test_shapes_that_do_not_fit(op: Any, inputs: tuple, named: dict, cls: type, blame: str) -> None:
    with pytest.raises(Mistake) as caught:
        op.shape(Facts(), *map(parse, inputs), **{n: parse(t) for n, t in named.items()})
    found = caught.value.diagnostic
    assert type(found) is cls and found.blame == blame and op.op_name() in found.message()


def test_results_of_several_numbers() -> None:
    logits, labels = parse("f32[B, 10]"), parse("i32[B]")
    for op, expected in (
        (F1(), "f32[]"),
        (F1(average="none"), "f32[10]"),
        (F1(average="none", of=1), "f32[]"),
        (ConfusionMatrix(), "f32[10, 10]"),
    ):
        assert str(op.result(op.shape(Facts(), logits, labels))) == expected
    assert str(Auroc(average="none").result(Auroc().shape(Facts(), parse("f32[B, 3]"), parse("bool[B, 3]")))) == "f32[3]"


@pytest.mark.parametrize(
    ("cls", "wrong"), [(BinaryF1, {"threshold": 1.5}), (Auroc, {"bins": 0}), (F1, {"average": "samples"}), (F1, {"of": -1})]
)
def test_arguments_out_of_range(cls: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadArguments):
        cls(**wrong)
