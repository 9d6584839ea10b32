"""Bodies and plans that several tests of lowering use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netspec.ir import Body, CheckpointPlan, DataPlan, EvalPlan, Measurement, Objective, TrainPlan, Typed, UpdatePlan
from netspec.ir.paths import parameters
from netspec.library.base import Dataset, Duration, Optimizer
from netspec.library.functions.activation import Relu
from netspec.library.functions.arithmetic import Add, Multiply
from netspec.library.initializers.distributions import Normal
from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.library.layers.dropout import Dropout
from netspec.library.layers.norm import BatchNorm
from netspec.library.losses.classes import SoftmaxCrossEntropy
from netspec.library.metrics.accuracy import Accuracy
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.lower.program import Program
from tests.lower.build import Builder, literal, tensor


def block(width: int, rate: float = 0.0) -> Body:
    """x -> dense -> batch_norm -> relu -> dropout, plus x."""
    b = Builder("Block")
    x = b.input("x", f"f32[B, {width}]")
    y = b.op(Relu(), b.op(BatchNorm(momentum=0.9), b.op(Dense(features=width, kernel_init=Normal(stddev=0.3)), x)))
    y = b.op(Dropout(rate=rate), y) if rate else y
    return b.body(y=b.op(Add(), x, y))


def deep(count: int = 5, width: int = 6, classes: int = 3, rate: float = 0.0) -> Body:
    """A dense stem, `count` residual blocks in a `repeat`, and a dense head."""
    b = Builder("Deep")
    x = b.op(Dense(features=width), b.input("x", "f32[B, 4]"))
    inner = block(width, rate)
    x = b.repeat(count, x, lambda h, i: b.call(inner, h))
    return b.body(logits=b.op(Dense(features=classes), x))


def convnet() -> Body:
    """conv -> batch_norm -> relu, twice, then a dense head over the flat image."""
    from netspec.library.functions.reshape import Flatten

    b = Builder("ConvNet")
    x = b.input("x", "f32[B, 6, 6, 2]")
    for features, stride in ((4, 1), (5, 2)):
        x = b.op(Relu(), b.op(BatchNorm(), b.op(Conv(features=features, kernel=3, stride=stride, bias=False), x)))
    return b.body(logits=b.op(Dense(features=3), b.op(Flatten(), x)))


STEPS = Duration(20, "step")


class Nothing(Dataset):
    """A dataset for plans whose data nobody loads."""

    def fields(self) -> dict[str, Any]:
        return {}


def objective(model: Body, classes: int = 3) -> Objective:
    """Cross-entropy and accuracy of `logits` against `label`."""
    b = Builder("objective")
    logits, label = b.input("output.logits", f"f32[B, {classes}]"), b.input("label", "i32[B]")
    f = Builder("finish")
    loss, accuracy = f.input("loss", "f32[]"), f.input("accuracy", "f32[]")
    measurements = (
        Measurement(SoftmaxCrossEntropy(), (logits, label), loss),
        Measurement(Accuracy(), (logits, label), accuracy),
    )
    total = f.op(Multiply(), literal(1.0), loss)
    return Objective(b.body(), measurements, f.body(loss=total, accuracy=accuracy))


def plan(model: Body, optimizer: Optimizer | None = None, precision: str = "f32", duration: Duration = STEPS) -> TrainPlan:
    goal = objective(model)
    data = DataPlan(Nothing(), (), {"x": next(iter(model.input_types().values())), "label": tensor("i32[B]")}, 8)
    evaluation = EvalPlan(data, Duration(1, "epoch"), None, goal)
    rule = optimizer or Sgd(learning_rate=0.1, momentum=0.9)
    update = UpdatePlan("", goal, rule, tuple(parameters(model)))
    kept = CheckpointPlan(Duration(1, "epoch"), 1)
    return TrainPlan(
        name="train",
        model=model,
        data=data,
        objective=goal,
        updates=(update,),
        duration=duration,
        eval=evaluation,
        checkpoint=kept,
        seed=0,
        precision=precision,
        settings={},
        origins={},
    )


def measuring(plan: TrainPlan, goal: Objective) -> TrainPlan:
    """The plan with another objective."""
    return replace(plan, objective=goal, updates=(replace(plan.updates[0], objective=goal),))  # type: ignore[type-var]


def program(model: Body, **options: Any) -> Program:
    """The program of a model with a plan; `repeat` goes to the program, the rest to the plan."""
    repeat, precision = options.pop("repeat", None), options.pop("precision", "f32")
    return Program.of(Typed({model.name: model}, (plan(model, **options),)), repeat=repeat, precision=precision)


def batch(size: int = 8, shape: tuple[int, ...] = (4,), classes: int = 3, seed: int = 0) -> dict[str, Any]:
    """A batch of random examples."""
    import numpy as np

    rng = np.random.default_rng(seed)
    return {"x": rng.normal(size=(size, *shape)).astype(np.float32), "label": rng.integers(0, classes, size).astype(np.int32)}
