"""What a user meets who follows the help: auxiliary heads, batches that mix, masks, indices, names; each with its siblings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import netspec
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.spec_error import SpecError
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
    apart = f"{LATE} / 2 + {EARLY} / 2" if "/ 2" in lines[0] else "loss(y, label) + 0.3 * loss(first, label)"
    assert problem.slug() == "loss-only-in-training" and apart in str(problem.help())


def test_names_of_sums_do_not_grow() -> None:
    names = [f"let a0 = {LATE} + {EARLY}", *(f"let a{n} = a{n - 1} + a{n - 1}" for n in range(1, 30))]
    assert slugs(DEEP.format(lines="\n  ".join([*names, "loss = a29"]))) == []


# --- what mixes the examples of a batch ------------------------------------------------------------------------------
MIXED = """model M {{
  input x: f32[B, 4]
  output value = mean(x, axis=1)
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


# --- indices outside their axis --------------------------------------------------------------------------------------
PICKED = """model M {{
  input scores: f32[B, 5, 7]
  input i: i32[B]
  input wide: i32[B, 2, 7]
  output y = {body}
}}
"""


@pytest.mark.parametrize(
    ("body", "name", "size"),
    [
        ("scores[iota(B), i]", "i", 5),
        ("scores[iota(B), :, i]", "i", 7),
        ("gather_at(scores, i, i, axes=[1, 2])", "i", 5),
        ("take_along_axis(scores, wide, axis=1)", "wide", 5),
        ("gather(scores[0], i)", "i", 5),
    ],
)
def test_an_index_outside_its_axis_is_refused(body: str, name: str, size: int) -> None:
    made = compiled(PICKED.format(body=body))
    state = made.init(0)
    inputs = {"scores": np.zeros((2, 5, 7), "f4"), "i": np.zeros(2, "i4"), "wide": np.zeros((2, 2, 7), "i4")}
    for inside in (size - 1, -size):
        assert np.isfinite(made.apply(state, **inputs | {name: np.full_like(inputs[name], inside)})["y"]).all()
    for outside in (size, -size - 1):
        with pytest.raises(SpecError) as caught:
            made.apply(state, **inputs | {name: np.full_like(inputs[name], outside)})
        assert caught.value.diagnostics[0].slug() == "number-too-large"


def test_pairs_that_the_spec_makes_are_held_against_the_axes() -> None:
    assert slugs("model M {\n  input x: f32[5, 4]\n  output y = gather_at(x, iota(5), iota(5), axes=[0, 1])\n}\n") != []
    assert slugs("model M {\n  input x: f32[5, 5]\n  output y = gather_at(x, iota(5), iota(5), axes=[0, 1])\n}\n") == []


# --- fields that weigh -----------------------------------------------------------------------------------------------
WEIGHED = MIXED.replace("reward: f32[]", "reward: f32[], w: f32[], observation: f32[4]")


@pytest.mark.parametrize("written", ["2.0 * w", '"w"', "w + 1", "abs(w)", "batch.w * 2"])
def test_the_field_that_weights_name_is_proposed(written: str) -> None:
    problem = problems(WEIGHED.format(body=PLAIN, loss=XENT, lines=f"weights = {written}"))[0]
    assert problem.slug() == "bad-setting" and problem.help() == "write `w`"
    assert [edit.text for edit in problem.edits()] == ["w"]


@pytest.mark.parametrize("written", ["observation", "2.0", "w * reward", "label * 2.0"])
def test_else_the_fields_are_listed(written: str) -> None:
    problem = problems(WEIGHED.format(body=PLAIN, loss=XENT, lines=f"weights = {written}"))[0]
    assert problem.slug() == "bad-setting" and problem.help() == "what fits: `reward`, `w`"
    assert problem.held is None or problem.held.guess, "which of them is meant is for a person to say"


# --- a layer bound to a name -----------------------------------------------------------------------------------------
CHOSEN = """block Twice {{
  input x: f32[B, D]
  output x -> dense(D) -> dense(D)
}}
model M {{
  param c: bool = true
  input x: f32[B, 4]
  {lines}
}}
"""


@pytest.mark.parametrize(
    "lines",
    [
        "act = if c { hard_silu } else { relu }\n  output y = x -> dense(4) -> act -> dense(4) -> act",
        "require c\n  act = relu\n  output y = x -> act",
        "act = (if c { if c { relu } else { gelu } } else { Twice })\n  output y = act(x)",
        "act = if c { Twice } else { relu }\n  again = act\n  repeat 2 { x = x -> again }\n  output y = x",
        "act = if c { layer_norm } else { rms_norm }\n  output y = x -> act(epsilon=0.1)",
    ],
)
def test_a_layer_that_has_a_name_is_a_stage(lines: str) -> None:
    assert slugs(CHOSEN.format(lines=lines)) == []


def test_it_is_the_layer_that_was_chosen() -> None:
    made = compiled(CHOSEN.format(lines="act = if c { neg } else { relu }\n  output y = x -> act").replace("neg", "abs"))
    assert np.asarray(made.apply(made.init(0), x=-np.ones((1, 4), "f4"))["y"]).tolist() == [[1.0] * 4]


def test_what_is_none_says_so() -> None:
    for lines in ("act = if c { dense(4) } else { relu }\n  output y = x -> act", "act = x -> relu\n  output y = x -> act"):
        problem = next(p for p in problems(CHOSEN.format(lines=lines)) if p.severity == "error")
        assert problem.slug() == "not-callable" and "param act: layer = …" in str(problem.help())
    assert slugs(CHOSEN.format(lines="param act: layer = if c { hard_silu } else { relu }\n  output y = x -> act")) == []
    assert "not-callable" in slugs(CHOSEN.format(lines="act = relu\n  act = x\n  output y = x -> act"))


# --- habits ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("loss", "helped", "clean"),
    [
        (f'{XENT[:-1]}, reduction="none")', "each(softmax_cross_entropy(…))", f"mean(each({XENT}) * reward)"),
        (f"{XENT[:-1]}, sample_weight=reward)", "weight=reward", f"{XENT[:-1]}, weight=reward)"),
        ("mean(-log_prob(logits, label))", "pick(log_softmax(logits), action)", "mean(-pick(log_softmax(logits), label))"),
    ],
)
def test_habits_get_the_form_to_write(loss: str, helped: str, clean: str) -> None:
    (problem,) = mixed(loss=loss)
    assert helped in str(problem.help())
    assert mixed(loss=clean) == []
