"""The zoo is a corpus: every shipped model reads, formats, proves its shapes, has its golden costs, initialises and takes a train step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netspec.compile import check, compile
from netspec.cost import cost
from netspec.files import models_dir
from netspec.ir import TrainPlan
from netspec.library.base import Clock
from netspec.shape.types import JAX_DTYPES
from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file
from netspec.verify import verify_all

pytestmark = pytest.mark.smoke
ZOO = sorted(models_dir().glob("*.net"))
GOLDEN = {
    "Digits": (38_282, 682_890, 31_528),
    "MnistCNN": (824_458, 9_401_098, 353_320),
}
"""Parameters, FLOPs and activation bytes of one example."""


def named(paths: list[Path]) -> list[str]:
    return [p.stem for p in paths]


def test_the_golden_list_is_complete() -> None:
    assert {name for path in ZOO for name in (check(path).typed or pytest.fail("no models")).models} == set(GOLDEN)


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
    typed = check(path).typed
    assert typed is not None
    for name, body in typed.models.items():
        params, flops, size = cost(body)
        at_one = [value if isinstance(value, int) else value.evaluate({"B": 1}) for value in (flops, size)]
        assert (params, *at_one) == GOLDEN[name]


def random_batch(plan: TrainPlan, size: int) -> dict[str, np.ndarray]:
    """A batch of the plan's fields: uniform numbers, and zeros for integers."""
    rng = np.random.default_rng(0)
    batch = {}
    for name, kind in plan.data.fields.items():
        shape = [d.substitute({"B": size}).value for d in kind.shape]
        dtype = JAX_DTYPES[kind.dtype]
        batch[name] = rng.random(shape).astype(dtype) if kind.is_float else np.zeros(shape, dtype)
    return batch


@pytest.mark.slow
@pytest.mark.parametrize("path", ZOO, ids=named(ZOO))
def test_takes_a_step(path: Path) -> None:
    model = compile(path)
    assert model.plan is not None
    batch = random_batch(model.plan, 8)
    state = model.init()
    losses = []
    bound = model.at(Clock(steps_per_epoch=10, total_steps=100))
    for _ in range(8):
        state, statistics = bound.train_step(state, batch)
        losses.append(bound.finish(statistics)["loss"])
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
