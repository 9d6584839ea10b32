"""What numbers mean is followed from the op that makes them to the loss that takes them."""

from __future__ import annotations

import pytest

from netspec.diagnostics.edits import apply_edits
from netspec.diagnostics.training.meanings import ProbabilitiesForLogits
from tests.infer.specs import in_train, problems

HEAD = "model M {\n  input image: f32[B, 8, 8, 1]\n  h = image -> flatten -> dense(10)\n"
XENT = "  loss = softmax_cross_entropy(out, label)"
BLOCKS = """block Head {
  input x: f32[B, F]
  output x -> dense(10) -> softmax
}
block Through {
  input x: f32[B, F]
  output y = x -> reshape([B, 5, F // 5]) -> flatten
  require F % 5 == 0
}
"""


def found(model: str, settings: str = XENT, before: str = "") -> list[str]:
    """The slugs of a spec's problems."""
    return [p.slug() for p in problems(in_train(settings, f"{before}{HEAD}{model}\n}}\n"))]


MADE_BY_SOFTMAX = {
    "the last stage": "  output out = h -> softmax",
    "a name of its own": "  p = softmax(h)\n  output out = p",
    "what keeps numbers": "  output out = h -> softmax -> reshape([B, 2, 5]) -> transpose([0, 2, 1]) -> flatten -> identity -> cast(f32)",
    "a slice": "  output out = softmax(h -> dense(12))[:, 2:]",
    "a phase": "  p = h -> softmax\n  when train { p = p -> identity }\n  output out = p",
    "no gradient": "  output out = h -> sigmoid -> stop_gradient",
    "a loop": "  x = h\n  repeat 2 { x = x -> dense(10) -> softmax }\n  output out = x",
    "a block": "  output out = h -> Head",
    "through a block": "  output out = h -> softmax -> Through",
    "clip": "  output out = h -> softmax -> clip(1e-6, 1)",
    "dropout": "  output out = h -> softmax -> dropout(0.1)",
    "a block, names, clip and dropout": "  p = h -> Head\n  q = clip(p, low=1e-6)\n  output out = q -> dropout(0.1) -> Through",
}


@pytest.mark.parametrize("model", MADE_BY_SOFTMAX.values(), ids=MADE_BY_SOFTMAX)
def test_probabilities_are_found_wherever_they_are_made(model: str) -> None:
    assert found(model, before=BLOCKS) == ["probabilities-for-logits"]


UNKNOWN = {
    "scores": "  output out = h",
    "a layer behind": "  output out = h -> softmax -> dense(10)",
    "arithmetic": "  output out = 10.0 * softmax(h)",
    "logarithms": "  output out = h -> log_softmax",
    "scores through a block": "  output out = h -> Through",
}


@pytest.mark.parametrize("model", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_known_is_no_problem(model: str) -> None:
    assert found(model, before=BLOCKS) == []


@pytest.mark.parametrize(
    ("loss", "made", "wrong"),
    [
        ("sigmoid_cross_entropy(out, one_hot(label, 10))", "log_sigmoid", True),
        ("sigmoid_cross_entropy(out, one_hot(label, 10))", "log_softmax", True),
        ("binary_dice(out, one_hot(label, 10))", "sigmoid", True),
        ("log_loss(out, label)", "softmax", False),
        ("log_loss(out, label)", "log_softmax", True),
        ("kl_divergence(out, one_hot(label, 10))", "log_softmax", False),
        ("kl_divergence(out, one_hot(label, 10))", "softmax", True),
        ("kl_divergence(log_softmax(h), out)", "softmax", False),
        ("mean_squared_error(out, one_hot(label, 10))", "sigmoid", False),
    ],
)
def test_every_loss_says_what_it_wants(loss: str, made: str, wrong: bool) -> None:
    model = f"  output out = h -> {made}\n  output other = h"
    assert found(model, f"  loss = {loss.replace('(h)', '(other)')}") == ["probabilities-for-logits"] * wrong


def test_a_metric_that_ranks_takes_either() -> None:
    assert found("  output out = h -> softmax", "  loss = log_loss(out, label)\n  metric right = accuracy(out, label)") == []


@pytest.mark.parametrize("stage", ["-> softmax", "-> softmax(axis=-1)", "\n    -> softmax"])
def test_the_repair_takes_the_stage_away(stage: str) -> None:
    text = in_train(XENT, f"{HEAD}  output out = h {stage}\n}}\n")
    [problem] = problems(text)
    assert isinstance(problem, ProbabilitiesForLogits) and "log_loss" in str(problem.help())
    repaired = apply_edits(problem.at.source, problem.edits())
    assert "  output out = h\n" in repaired
    assert not problems(repaired.partition("\n")[2])


def test_a_softmax_that_is_no_stage_is_not_cut_out() -> None:
    [problem] = problems(in_train(XENT, f"{HEAD}  output out = softmax(h)\n}}\n"))
    assert not problem.edits() and "`softmax` makes it" in problem.chain[0].text
