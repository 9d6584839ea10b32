"""Short ways to a typed spec for the tests of the elaborator."""

from __future__ import annotations

from netspec.compile import Checked, check
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.text import render_text
from netspec.ir import Apply, Body, TrainPlan
from netspec.source import Source

DIGITS = """model M {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(10)
}
"""


def checked(text: str) -> Checked:
    return check(Source("spec.net", f"netspec 1\n{text}"))


def model(text: str) -> Body:
    """The last model of a clean spec."""
    found = checked(text)
    assert not found.problems, render_text(found.problems)
    assert found.typed is not None
    return list(found.typed.models.values())[-1]


def body(statements: str) -> Body:
    """A model M of one input `x: f32[B, 8]` with these statements."""
    return model(in_model(statements))


def in_model(statements: str) -> str:
    return f"model M {{\n  input x: f32[B, 8]\n{statements}\n}}\n"


def trained(settings: str, spec: str = DIGITS) -> TrainPlan:
    """The plan of a clean `train` section of the digits model, with a data chain, an optimizer and a duration."""
    found = checked(in_train(settings, spec))
    assert not found.problems, render_text(found.problems)
    assert found.typed is not None
    return found.typed.trains[-1]


def in_train(settings: str, spec: str = DIGITS) -> str:
    given = {line.split("=")[0].split()[0] for line in settings.strip().splitlines() if "=" in line}
    defaults = {"data": "digits() -> batch(32)", "optimizer": "adam(0.001)", "duration": "1 epoch"}
    lines = [f"  {name} = {value}" for name, value in defaults.items() if name not in given]
    return "\n".join([spec, "train M {", *lines, settings, "}\n"])


def problems(text: str) -> tuple[Diagnostic, ...]:
    return checked(text).problems


def ops(found: Body) -> list[str]:
    """The ops of a body's own nodes, in order."""
    return [node.op.op_name() for node in found.nodes if isinstance(node, Apply)]


def op(found: Body, number: int = 0):
    """The `number`-th op of a body's own nodes."""
    return [node.op for node in found.nodes if isinstance(node, Apply)][number]
