"""What a user meets who follows the help: auxiliary heads, batches that mix, masks, indices, names; each with its siblings."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import netspec
from netspec.diagnostics.base import Diagnostic
from netspec.source import Source


def problems(text: str) -> list[Diagnostic]:
    return list(netspec.check(Source("spec.net", "netspec 1\n\n" + text)).problems)


def slugs(text: str) -> list[str]:
    return [problem.slug() for problem in problems(text)]


def compiled(text: str) -> Any:
    return netspec.compile(Source("spec.net", "netspec 1\n\n" + text))


# --- an auxiliary head -----------------------------------------------------------------------------------------------
DEEP = """model Deep {{
  input x: f32[B, 4]
  h = x -> dense(6) -> relu
  when train {{ output early = h -> dense(3) }}
  output logits = h -> dense(3)
}}

train Deep {{
  data = arrays(fields={{x: f32[4], label: i32[]}}, test=0.5) -> batch(8)
  {lines}
  optimizer = sgd(0.1)
  duration = 2 steps
}}
"""
LATE, EARLY = "softmax_cross_entropy(logits, label)", "softmax_cross_entropy(early, label)"


def measured(*lines: str) -> dict[str, Any]:
    """What an evaluation of the auxiliary head's model reports, by name."""
    made = compiled(DEEP.format(lines="\n  ".join(lines)))
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(16, 4)).astype("f4"), "label": rng.integers(0, 3, 16).astype("i4")}
    return made.evaluate(made.init(0), data)


def test_a_metric_that_reads_the_head_is_left_out_as_a_whole() -> None:
    found = measured(
        f"let both = 0.5 * ({LATE} + {EARLY})",
        "let gain = accuracy(logits, label) - accuracy(early, label)",
        f"loss = {LATE} + 0.3 * {EARLY}",
        f"metric late = {LATE}",
        "metric q1 = accuracy(logits, label) - accuracy(early, label)",
        "metric q2 = 0.5 * (accuracy(logits, label) + accuracy(early, label))",
        f"metric q3 = exp({EARLY} - {LATE})",
        "metric q4 = gain",
        "metric q5 = both",
        "metric q6 = 1.0 - gain",
    )
    assert not {f"q{n}" for n in range(1, 7)} & found.keys()
    assert found["loss"] == pytest.approx(found["late"])


@pytest.mark.parametrize(
    "lines",
    [
        [f"loss = {EARLY} + {LATE} + 0.1 * {LATE}"],
        [f"loss = {LATE} + ({EARLY} + 0.1 * {LATE})"],
        [f"let all = 0.3 * {EARLY} + {LATE}", f"loss = all + 0.1 * {LATE}"],
        [f"let all = 1.1 * {LATE} - {EARLY}", "let more = all", "loss = more"],
        [f"loss = {EARLY} - ({EARLY} - 1.1 * {LATE})"],
        [f"let t = {LATE}", f"loss = 1.1 * t + 0.5 * ({LATE} + {EARLY})"],
    ],
)
def test_a_loss_keeps_its_other_terms_as_they_are(lines: list[str]) -> None:
    found = measured(*lines, f"metric late = {LATE}")
    assert found["loss"] == pytest.approx(1.1 * found["late"], rel=1e-5)


@pytest.mark.parametrize(
    "lines", [[f"loss = ({LATE} + {EARLY}) / 2"], [f"let both = {LATE} + {EARLY}", "loss = 0.5 * both"], [f"loss = log({LATE} + {EARLY})"]]
)
def test_a_loss_of_one_term_that_reads_it_is_refused(lines: list[str]) -> None:
    (problem,) = problems(DEEP.format(lines="\n  ".join(lines)))
    assert problem.slug() == "loss-only-in-training" and "loss(y, label) + 0.3 * loss(first, label)" in str(problem.help())


def test_names_of_sums_do_not_grow() -> None:
    names = [f"let a0 = {LATE} + {EARLY}", *(f"let a{n} = a{n - 1} + a{n - 1}" for n in range(1, 30))]
    assert slugs(DEEP.format(lines="\n  ".join([*names, "loss = a29"]))) == []


# --- what mixes the examples of a batch ------------------------------------------------------------------------------
MIXED = """model M {{
  input x: f32[B, 4]
  output value = (x -> dense(1))[:, 0]
  output logits = {body}
}}

train M {{
  data = arrays(fields={{x: f32[4], label: i32[], reward: f32[]}}, test=0.5) -> batch(8)
  {lines}
  loss = {loss}
  optimizer = sgd(0.1)
  duration = 2 steps
}}
"""
PLAIN, XENT = "x -> dense(3)", "softmax_cross_entropy(logits, label)"


def mixed(body: str = PLAIN, loss: str = XENT, lines: str = "") -> list[Diagnostic]:
    return problems(MIXED.format(body=body, loss=loss, lines=lines))


@pytest.mark.parametrize(
    "term",
    [
        "mean(standardize(reward) * value)",
        "mean(standardize(value) * reward)",
        "mean(softmax(reward) * reward * value)",
        "mean(cumsum(reward, axis=0) * value)",
        "mean(roll(reward, 1, axis=0) * value)",
        "mean(reward[::-1] * value)",
        "mean(flip(reward) * value)",
        "mean(value - standardize(stop_gradient(value), axis=-1))",
    ],
)
def test_ops_that_keep_the_axis_of_examples_mix_them_in_a_loss(term: str) -> None:
    assert [p.slug() for p in mixed(loss=f"{XENT} + {term}")] == ["mixes-examples"]


@pytest.mark.parametrize("stage", ["softmax(axis=0)", "roll(1, axis=0)", "cumsum(axis=0)", "standardize(axis=0)", "flip(axis=0)"])
def test_and_in_a_model(stage: str) -> None:
    assert [p.slug() for p in mixed(f"x -> {stage} -> dense(3)")] == ["mixes-examples"]
    inside = f"repeat 2 {{ h = h -> {stage} }}"
    text = MIXED.format(body="h -> dense(3)", loss=XENT, lines="").replace("  output logits", f"  h = x\n  {inside}\n  output logits")
    assert slugs(text) == ["mixes-examples"]


@pytest.mark.parametrize(
    "body",
    [
        "x -> batch_norm -> dense(3)",
        "x -> softmax -> roll(1, axis=1) -> cumsum -> standardize -> dense(3)",
        "x[:, ::-1] -> flip(axis=1) -> dense(3)",
        "x -> dense(3) -> group_norm(1)",
    ],
)
def test_what_stays_in_its_row_does_not(body: str) -> None:
    assert mixed(body) == []


MASKED_MEAN = "sum(where(batch_mask, reward, 0), axis=0) / sum(cast(batch_mask, f32))"


@pytest.mark.parametrize(
    ("term", "helped", "clean"),
    [
        ("mean((reward - mean(reward, axis=0)) * value)", MASKED_MEAN.replace("reward", "x"), f"mean((reward - {MASKED_MEAN}) * value)"),
        ("mean(standardize(reward) * value)", MASKED_MEAN.replace("reward", "x"), f"mean((reward - {MASKED_MEAN}) * value)"),
        (
            "mean(softmax(reward) * value)",
            "softmax(where(batch_mask, x, -1e9), axis=0)",
            "mean(softmax(where(batch_mask, reward, -1e9), axis=0) * value)",
        ),
        ("mean(value / max(reward, axis=0))", "where(batch_mask, x, -1e9)", "mean(value / max(where(batch_mask, reward, -1e9), axis=0))"),
        (
            f"sum(reward * each({XENT})) / sum(reward)",
            "loss(…, weight=w, normalize=true)",
            "softmax_cross_entropy(logits, label, weight=reward, normalize=true)",
        ),
        (
            "mean(value * sum(x - mean(x, axis=0), axis=1))",
            "sum(where(batch_mask[:, none], x, 0), axis=0)",
            "mean(value * sum(x - sum(where(batch_mask[:, none], x, 0), axis=0) / sum(cast(batch_mask, f32)), axis=1))",
        ),
    ],
)
def test_the_help_leads_to_what_counts_alone(term: str, helped: str, clean: str) -> None:
    (problem,) = mixed(loss=f"{XENT} + {term}")
    assert problem.slug() == "mixes-examples" and helped in str(problem.help())
    assert mixed(loss=f"{XENT} + {clean}") == []


def test_the_masked_mean_is_that_of_the_examples() -> None:
    made = compiled(MIXED.format(body=PLAIN, loss=XENT, lines=f"metric m = mean(reward * 0.0 + {MASKED_MEAN})"))
    data = {"x": np.zeros((3, 4), "f4"), "label": np.zeros(3, "i4"), "reward": np.asarray([1.0, 2.0, 6.0], "f4")}
    assert made.evaluate(made.init(0), data)["m"] == pytest.approx(3.0)


# --- what a mask leaves out of an op that no 0 leaves alone ----------------------------------------------------------
PADDED = """model M {{
  input tokens: i32[B, T]
  m = tokens != 0
  scores = (tokens -> embed(50, 8) -> self_attention(2, mask=m) -> dense(1))[:, :, 0]
  output y = {body}
}}
"""


@pytest.mark.parametrize(
    ("body", "clean"),
    [
        ("argmax(scores, axis=1)", "argmax(where(m, scores, -1e9), axis=1)"),
        ("max(scores, axis=1)", "max(where(m, scores, -1e9), axis=1)"),
        ("logsumexp(scores, axis=1)", "logsumexp(where(m, scores, -1e9), axis=1)"),
        ("random_categorical(scores)", "random_categorical(where(m, scores, -1e9))"),
        ("min(scores, axis=1)", "min(where(m, scores, 1e9), axis=1)"),
        ("prod(scores, axis=1)", "prod(where(m, scores, 1), axis=1)"),
        ("sum(scores, axis=1)", "sum(where(m, scores, 0), axis=1)"),
    ],
)
def test_the_help_leaves_out_by_what_changes_nothing(body: str, clean: str) -> None:
    (problem,) = problems(PADDED.format(body=body))
    filled = clean.split(", ")[2].rstrip(")")
    assert problem.slug() == "mask-dropped" and f"where(m, x, {filled})" in str(problem.help())
    assert problems(PADDED.format(body=clean)) == []


# --- functions of logits ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [
        "entropy(softmax(x -> dense(3)))",
        "random_categorical(softmax(x -> dense(3)))",
        "random_categorical(softmax(x -> dense(3))[:, :2])",
        "x -> dense(3) -> softmax -> entropy",
    ],
)
def test_functions_of_logits_take_no_probabilities(body: str) -> None:
    text = f"model M {{\n  input x: f32[B, 4]\n  output y = {body}\n}}\n"
    assert slugs(text) == ["probabilities-for-logits"]
    assert (
        slugs(text.replace("softmax", "log_softmax"))
        == []
        == slugs(text.replace("softmax(x -> dense(3))", "(x -> dense(3))").replace("-> softmax ", ""))
    )


def test_functions_of_logits_in_a_loss() -> None:
    assert [p.slug() for p in mixed(loss=f"{XENT} - 0.1 * mean(entropy(softmax(logits)))")] == ["probabilities-for-logits"]
    assert [p.slug() for p in mixed(f"{PLAIN} -> softmax", loss="log_loss(logits, label) - 0.1 * mean(entropy(logits))")] == [
        "probabilities-for-logits"
    ]
    assert mixed(loss=f"{XENT} - 0.1 * mean(entropy(logits))") == []
