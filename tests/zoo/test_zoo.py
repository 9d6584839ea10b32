"""The zoo is a corpus: every shipped model reads, formats, proves its shapes, has its golden costs, initialises and takes a train step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netspec.compile import check, compile
from netspec.cost import cost
from netspec.files import models_dir
from netspec.ir import TrainPlan
from netspec.ir.verify import verify_all
from netspec.library.base import Clock
from netspec.shape.types import JAX_DTYPES
from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file

pytestmark = pytest.mark.smoke
ZOO = sorted(models_dir().glob("*.net"))
GOLDEN = {
    "Digits": (38_282, 682_890, 31_528),
    "Karate": (2_338, 169_212, 77_088),
    "KarateGCN": (1_186, 93_500, 8_976),
    "LM1B": (49_653_040, 1_100_501_760, 6_016_064),
    "MnistCNN": (824_458, 9_401_098, 353_320),
    "ResNet50": (25_557_032, 8_228_545_512, 150_239_136),
    "Seq2Seq": (2_170_383, 52_248_816, 149_856),
    "Tagger": (29_192_288, 610_666_000, 4_069_392),
    "WideResNet": (38_557_770, 10_961_056_266, 38_046_248),
}
"""Parameters, FLOPs and activation bytes of what each file trains, with these sizes:"""
SIZES = {"B": 1, "E": 156, "S": 8, "T": 16}


def plans(path: Path) -> tuple[TrainPlan, ...]:
    typed = check(path).typed
    assert typed is not None
    return typed.trains


def named(paths: list[Path]) -> list[str]:
    return [p.stem for p in paths]


def test_the_golden_list_is_complete() -> None:
    assert {plan.model.name for path in ZOO for plan in plans(path)} == set(GOLDEN)


@pytest.mark.parametrize("path", ZOO, ids=named(ZOO))
def test_clean_and_sound(path: Path) -> None:
    checked = check(path)
    assert checked.problems == ()
    assert checked.typed is not None
    verify_all(checked.typed)


@pytest.mark.parametrize("path", ZOO, ids=named(ZOO))
def test_formatted(path: Path) -> None:
    text = path.read_text()
    file, _ = parse(Source(str(path), text))
    assert file is not None and print_file(file) == text


@pytest.mark.parametrize("path", ZOO, ids=named(ZOO))
def test_costs(path: Path) -> None:
    for plan in plans(path):
        params, flops, size = cost(plan.model)
        at_one = [value if isinstance(value, int) else value.evaluate(SIZES) for value in (flops, size)]
        assert (params, *at_one) == GOLDEN[plan.model.name]


def random_batch(plan: TrainPlan, size: int) -> dict[str, np.ndarray]:
    """A batch of the plan's fields: uniform numbers, and integers that are a word, a length and a node anywhere."""
    rng = np.random.default_rng(0)
    batch = {}
    for name, kind in plan.data.fields.items():
        shape = [d.substitute({**SIZES, "B": size}).value for d in kind.shape]
        numbers = rng.random(shape) if kind.is_float else rng.integers(0, 2, shape) if name == "label" else rng.integers(1, 4, shape)
        batch[name] = np.asarray(numbers, JAX_DTYPES[kind.dtype])
    return batch


SMALLER = {"cifar10": {"k": 1, "n": 1}, "imagenet_resnet50": {"stages": [1, 1], "classes": 10}, "lm1b": {"layers": 1, "vocab": 200}}
"""What makes some steps of a model short; all else is as shipped."""


@pytest.mark.slow
@pytest.mark.parametrize("path", ZOO, ids=named(ZOO))
def test_takes_steps(path: Path) -> None:
    model = compile(path, set=SMALLER.get(path.stem))
    assert model.plan is not None
    batch = random_batch(model.plan, 8)
    state = model.init()
    losses = []
    bound = model.at(Clock(steps_per_epoch=10, total_steps=100))
    for _ in range(5):
        state, statistics = bound.train_step(state, batch)
        losses.append(bound.finish(statistics)["loss"])
    assert np.isfinite(losses).all() and min(losses[1:]) < losses[0], "what is dropped moves single losses more than five steps do"
