"""A random spec that is trained: a model of the digits, and a `train` section with settings from the registry."""

from __future__ import annotations

from random import Random

from netspec.library.base import Optimizer
from netspec.library.optimizers.chain import step_problem
from netspec.library.shelf.index_writer import classes
from netspec.library.shelf.op_text import to_text
from netspec.shape import Facts, TensorType
from tests.random_specs.layout import Layout
from tests.random_specs.model import Model


def digits_spec(rng: Random) -> str:
    """Images in, ten scores out, a train section, and now and then claims."""
    layout = Layout(rng)
    model = Model(rng, layout, "Net", Facts())
    model.input("image", TensorType("f32", ("B", 8, 8, 1)))
    for _ in range(rng.randrange(1, 4)):
        model.binding()
    name = rng.choice([n for n, t in model.env.items() if t.is_float and t.rank > 1 and str(t.shape[0]) == "B"])
    model.add(f"output logits = {name} -> flatten -> dense(10)")
    return model.file(layout.block("train Net", settings(rng, layout), 0), *claims(rng, layout))


def settings(rng: Random, layout: Layout) -> list[str]:
    lines = [
        f"data = digits() -> {rng.choice(['shuffle -> ', 'shuffle(buffer=64) -> ', ''])}batch({rng.choice([16, 32])})",
        rng.choice(["loss = softmax_cross_entropy(logits, label)", "loss = 0.5 * softmax_cross_entropy(logits, label)"]),
        f"optimizer = {optimizer(rng)}",
        f"duration = {rng.choice(['1 epoch', '5 epochs', '2_000 steps'])}",
    ]
    more = [
        "metric accuracy = accuracy(logits, label)",
        f"seed = {rng.randrange(9)}",
        "eval { every = 1 epoch }",
        "checkpoint { keep = 2 }",
    ]
    lines += [line for line in more if rng.random() < 0.5]
    rng.shuffle(lines)
    return [layout.words(line) for line in lines]


def optimizer(rng: Random) -> str:
    """Any optimizer of the registry that takes the step by itself and names no parameters."""
    found = [e.op for cls in classes() if issubclass(cls, Optimizer) for e in cls.examples()]
    return to_text(rng.choice([op for op in found if isinstance(op, Optimizer) and step_problem(op) is None and not op.patterns()]))


def claims(rng: Random, layout: Layout) -> list[str]:
    if rng.random() < 0.5:
        return []
    return [layout.block("expect Net", ["logits: f32[B, 10]", "params < 100M", "flops <= 1T at B=1"], 0)]
