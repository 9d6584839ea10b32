"""A model's params are seen where the file speaks of that model: in `train`, `serve` and `expect`, at their values there."""

from __future__ import annotations

import pytest

from netspec.compile import Checked, check
from netspec.source import Source

MODEL = """netspec 1
model M {
  param classes: int = 10
  param act: layer = relu
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(classes) -> act
}
"""
TRAIN = """train M%s {
  data = digits() -> batch(%s)
  loss = %s
  optimizer = sgd(%s)
  duration = 1 epoch
}
"""
LOSS = "mean(square(logits - one_hot(label, classes)))"


def checked(text: str, **overrides: str) -> Checked:
    return check(Source("m.net", text), overrides=overrides)


def slugs(text: str, **overrides: str) -> list[str]:
    return [p.slug() for p in checked(text, **overrides).problems]


def train(args: str = "", batch: str = "32", loss: str = LOSS, rate: str = "0.1") -> str:
    return TRAIN % (args, batch, loss, rate)


def test_in_a_loss() -> None:
    assert slugs(MODEL + train()) == []


def test_in_data_and_optimizer() -> None:
    found = checked(MODEL + train(batch="2 * classes", rate="1 / classes"))
    assert found.problems == () and found.typed is not None
    (plan,) = found.typed.trains
    assert plan.data.batch == 20
    assert repr(plan.updates[0].optimizer).count("0.1") == 1


def test_at_the_values_that_the_section_gives() -> None:
    assert slugs(MODEL + train("(classes=12)")) == ["more-units"]
    assert slugs(MODEL + train(batch="2 * classes"), classes="16") == ["more-units"]
    found = checked(MODEL + train("(classes=12)", batch="classes")).typed
    assert found is not None and found.trains[0].data.batch == 12


def test_in_expect() -> None:
    claims = "{ params == 65 * classes; logits: f32[B, classes]; flops > 64 * classes at B=classes }\n"
    assert slugs(f"{MODEL}expect M {claims}expect M(classes=7) {claims}") == []
    (failed,) = checked(f"{MODEL}expect M {{ params == 64 * classes }}\n").problems
    assert failed.message() == "expected `params == 64 * classes`, which is 640, but it is 650"
    assert failed.edits() == [] and "if that is meant" not in (failed.help() or ""), "a formula is not repaired by a number"


def test_in_serve() -> None:
    text = """netspec 1
model M {
  param stop: int = 1
  input tokens: i32[B, T]
  output logits = tokens -> embed(8, 4) -> dense(8)
}
serve M { tokens = greedy(logits, stop=stop, limit=4 * stop) }
"""
    assert slugs(text) == []
    assert slugs(text, stop="9") == ["token-outside"]


def test_they_hide_the_files_params_as_in_the_model() -> None:
    text = "netspec 1\nparam classes: int = 3\n" + MODEL.removeprefix("netspec 1\n")
    claim = "expect M(classes=2 * classes) { logits: f32[B, 6]; params == 65 * classes }\n"
    assert slugs(f"{text}expect M {{ logits: f32[B, classes] }}\n{claim}") == []


def test_a_param_that_only_a_section_uses_is_used() -> None:
    text = MODEL.replace("param classes", "param smoothing: float = 0.1\n  param classes")
    assert slugs(text) == ["unused-binding"]
    assert slugs(text + train(loss="smoothing * " + LOSS)) == []
    other = "model N {\n  input x: f32[B, 4]\n  output y = x -> dense(2)\n}\nexpect N { params == smoothing }\n"
    assert slugs(text + other) == ["unused-binding", "unknown-name"]


def test_fields_outputs_and_lets_come_first() -> None:
    text = MODEL.replace("param classes", "param label: int = 0\n  param classes")
    assert slugs(text + train()) == []
    mine = train().replace("  loss", "  let classes = 10 + 0\n  loss")
    assert slugs(MODEL + mine) == []


@pytest.mark.parametrize("section", [train(), "expect M { params == classes }\n"])
def test_a_broken_model_has_no_second_problem(section: str) -> None:
    assert slugs(MODEL.replace("flatten", "flaten") + section) == ["unknown-name"]
    assert slugs(MODEL.replace("= 10", '= "ten"') + section) == ["bad-argument"]
    assert slugs(MODEL.replace(" = 10", "") + section)[0] == "missing-argument"
