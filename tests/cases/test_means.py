"""Means and examples, weights, classes: the cases of these kinds with their right answers, and siblings of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import netspec
from netspec.diagnostics.spec_error import SpecError
from netspec.library.shelf import index
from netspec.source import Source

CASES = Path(__file__).parent
RNG = np.random.default_rng(0)


def slugs(spec: str | Path) -> list[str]:
    """The problems of a spec, or of a case by its path below this folder."""
    source = Source("spec.net", spec) if isinstance(spec, str) else str(CASES / spec)
    return [problem.slug() for problem in netspec.check(source).problems]


def compiled(spec: str | Path) -> Any:
    return netspec.compile(Source("spec.net", spec) if isinstance(spec, str) else str(CASES / spec))


def refused(run: Any, *args: Any) -> Any:
    """The one problem that a call raises."""
    with pytest.raises(SpecError) as caught:
        run(*args)
    (problem,) = caught.value.diagnostics
    return problem


# --- a name has no secret meaning ------------------------------------------------------------------------------------

FISH = """netspec 1

model Fish {
  input height: f32[B]
  input weight: f32[B]
  output guess = (stack([height, weight], axis=-1) -> dense(1))[:, 0]
}

train Fish {
  data = arrays(fields={height: f32[], weight: f32[], width: f32[]}) -> batch(20)
  loss = mean_squared_error(guess, width)
  metric mae = mean_absolute_error(guess, width)
  optimizer = adam(0.05)
  duration = 5 epochs
  MORE
}
"""


def fish(count: int = 50) -> dict[str, np.ndarray]:
    height, weight = RNG.normal(size=count), RNG.normal(size=count)
    return {"height": height, "weight": weight, "width": height + weight}


def test_an_input_called_weight_is_a_field_like_any_other() -> None:
    assert slugs(Path("traps/28-input-called-weight.net")) == []
    made, data = compiled(Path("traps/28-input-called-weight.net")), fish()
    state = made.init(0)
    guess = np.asarray(made.predict(state, height=data["height"], weight=data["weight"])["guess"])
    found = made.evaluate(state, data)
    assert found["mae"] == pytest.approx(np.mean(np.abs(guess - data["width"])), rel=1e-5)


def test_a_spec_that_asks_for_weights_gets_them() -> None:
    made, data = compiled(FISH.replace("MORE", "weights = width")), fish()
    data["width"] = np.abs(data["width"])
    state = made.init(0)
    guess = np.asarray(made.predict(state, height=data["height"], weight=data["weight"])["guess"])
    wanted = np.average(np.abs(guess - data["width"]), weights=data["width"])
    assert made.evaluate(state, data)["mae"] == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("line", ["weights = nothing", "weights = 3", "weights = guess", "weights = label", "weights = [weight]"])
def test_only_a_field_of_numbers_weighs(line: str) -> None:
    spec = FISH.replace("width: f32[]}", "width: f32[], label: f32[2]}").replace("MORE", line)
    assert slugs(spec) in (["bad-setting"], ["unknown-name"])


@pytest.mark.parametrize("bad", [-1.0, -1e-9])
@pytest.mark.parametrize("whole", [True, False])
def test_negative_weights_are_refused_with_the_record(bad: float, whole: bool) -> None:
    chain = "" if whole else ' -> normalize(mean=0.0, std=1.0, field="height")'
    made, data = compiled(FISH.replace("-> batch", f"{chain} -> batch").replace("MORE", "weights = width")), fish()
    data["width"] = np.abs(data["width"])
    data["width"][33] = bad
    problem = refused(made.fit, data)
    assert (problem.slug(), problem.field, problem.record) == ("bad-example-weight", "width", 33)
    parts = [{name: values[:25] for name, values in data.items()}, {name: values[25:] for name, values in data.items()}]
    assert refused(made.fit, parts).record == 8


def test_weights_that_are_no_numbers_or_all_zero_are_refused() -> None:
    made, data = compiled(FISH.replace("MORE", "weights = width")), fish()
    assert refused(made.fit, {**data, "width": np.full(50, np.nan)}).slug() == "value-not-finite"
    assert refused(made.fit, {**data, "width": np.zeros(50)}).slug() == "no-example-counts"


def test_negative_numbers_of_a_field_called_weight_are_numbers() -> None:
    made = compiled(Path("traps/29-negative-example-weights.net"))
    x = RNG.normal(size=(32, 3))
    fit = made.fit({"x": x, "weight": np.full(32, -1.0), "t": x.sum(axis=1)})
    assert fit.history[-1].loss > 0


# --- finished means do not mix with examples -------------------------------------------------------------------------

POLICY = """netspec 1

model Policy {
  input x: f32[B, 3]
  output logits = x -> dense(4)
  output value = mean(logits, axis=1)
}

train Policy {
  data = arrays(fields={x: f32[3], action: i32[], reward: f32[], behaviour: f32[], w: f32[], v: f32[4]}, validation=none) -> batch(8)
  LINES
  optimizer = sgd(1.0)
  duration = 3 steps
}
"""
XENT = "softmax_cross_entropy(logits, action)"
MIXED = [
    f"loss = {XENT} * reward",
    f"loss = reward * {XENT}",
    f"loss = {XENT} / reward",
    f"loss = {XENT} + reward",
    f"loss = 2.0 ** ({XENT} - reward)",
    f"let l = {XENT}; let a = 0.5 * l; loss = a * reward",
    f"loss = -{XENT} * (reward - value)",
    f"loss = ({XENT} + 0.1 * mean(value)) * reward",
    f"loss = where(reward > 0, {XENT}, 0.0)",
    f"loss = maximum({XENT}, reward)",
    f"loss = mean({XENT} > reward)",
    f"loss = sum([{XENT}, value])",
    f"loss = {XENT}; metric m = accuracy(logits, action) * reward",
    "loss = mean_squared_error(value, reward) * v",
    "loss = mean_squared_error(logits, v) * w[:, none]",
    "loss = value * (reward - mean(reward))",
    "loss = value * (reward - mean(reward)) / std(reward)",
    "let centre = mean(reward); loss = value * (reward / centre)",
    "loss = square(v - mean(v))",
    f"loss = {XENT} @ v",
    f"loss = {XENT}[0] * reward",
]


@pytest.mark.parametrize("lines", MIXED)
def test_a_finished_mean_never_meets_a_tensor_of_examples(lines: str) -> None:
    found = slugs(POLICY.replace("LINES", "\n  ".join(lines.split("; "))))
    assert found == (["bad-operands"] if "[0]" in lines else ["mean-meets-examples"])


@pytest.mark.parametrize("case", ["01-policy-gradient-mean-times-mean", "02-weights-times-mse", "03-standardised-advantage-is-zero"])
def test_what_was_a_mean_of_means_is_refused(case: str) -> None:
    assert slugs(Path(f"traps/{case}.net")) == ["mean-meets-examples"]


def test_a_loss_that_was_0_whatever_the_data_is_refused_and_its_repair_moves() -> None:
    path = CASES / "traps/04-centred-reward-moves-nothing.net"
    (problem,) = netspec.check(str(path)).problems
    (edit,) = problem.edits()
    assert (problem.slug(), edit.text) == ("mean-meets-examples", "mean(reward, axis=0)")
    text = path.read_text()
    made = compiled(text[: edit.span.start] + edit.text + text[edit.span.end :])
    x, reward = RNG.normal(size=(8, 3)).astype(np.float32), RNG.normal(size=8).astype(np.float32)
    before = made.unpack(made.init(0))["params"]
    state, statistics = made.train_step(made.init(0), {"x": x, "reward": reward})
    score = x @ before["dense_0"]["kernel"][:, 0] + before["dense_0"]["bias"][0]
    assert made.finish(statistics)["loss"] == pytest.approx(np.mean(score * (reward - reward.mean())), rel=1e-4)
    assert not np.allclose(made.unpack(state)["params"]["dense_0"]["kernel"], before["dense_0"]["kernel"])


FORMS = f"""let advantage = reward - stop_gradient(value)
  loss = softmax_cross_entropy(logits, action, weight=advantage)
  let standard = (reward - mean(reward, axis=0)) / (std(reward, axis=0) + 1e-6)
  metric standardised = softmax_cross_entropy(logits, action, weight=standard)
  let entropy = -sum(softmax(logits) * log_softmax(logits), axis=-1)
  metric bonus = {XENT} - 0.01 * mean(entropy)
  let ratio = exp(-each({XENT}) - behaviour)
  metric importance = -mean(ratio * reward)
  metric proximal = -mean(minimum(ratio * reward, clip(ratio, 0.8, 1.2) * reward))
  metric per_example = mean_squared_error(logits, v, weight=w)
  metric weighted_mean = mean_squared_error(logits, v, weight=w, normalize=true)
  metric by_hand = mean(w * mean(each(mean_squared_error(logits, v)), axis=-1))
  metric plain = {XENT} + 0.5 * mean_squared_error(value, reward)"""


def policy_batch() -> dict[str, np.ndarray]:
    normal = {"x": (8, 3), "reward": (8,), "behaviour": (8,), "v": (8, 4)}
    batch = {name: RNG.normal(size=shape).astype(np.float32) for name, shape in normal.items()}
    return {**batch, "w": RNG.uniform(size=8).astype(np.float32), "action": RNG.integers(0, 4, 8)}


def test_policy_gradients_and_weights_have_the_numbers_of_numpy() -> None:
    made, batch = compiled(POLICY.replace("LINES", FORMS).replace("mean(logits, axis=1)", "(x -> dense(1))[:, 0]")), policy_batch()
    state = made.init(0)
    weights = jax.tree.map(np.asarray, made.unpack(state)["params"])
    out = {n: np.asarray(x, np.float64) for n, x in made.apply(state, x=batch["x"]).items()}
    x, reward, action = batch["x"].astype(np.float64), batch["reward"].astype(np.float64), batch["action"]
    logits, value = out["logits"], out["value"]
    logp = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    xent, advantage = -logp[np.arange(8), action], reward - value
    ratio, square = np.exp(-xent - batch["behaviour"]), (logits - batch["v"]) ** 2
    expected = {
        "loss": np.mean(advantage * xent),
        "standardised": np.mean((reward - reward.mean()) / (reward.std() + 1e-6) * xent),
        "bonus": np.mean(xent) - 0.01 * np.mean(-(np.exp(logp) * logp).sum(-1)),
        "importance": -np.mean(ratio * reward),
        "proximal": -np.mean(np.minimum(ratio * reward, np.clip(ratio, 0.8, 1.2) * reward)),
        "per_example": np.mean(batch["w"][:, None] * square),
        "weighted_mean": np.average(square.mean(-1), weights=batch["w"]),
        "by_hand": np.mean(batch["w"] * square.mean(-1)),
        "plain": np.mean(xent) + 0.5 * np.mean((value - reward) ** 2),
    }
    moved, statistics = made.train_step(state, batch)
    assert made.finish(statistics) == pytest.approx(expected, rel=2e-5)
    slope = x.T @ (advantage[:, None] * (np.exp(logp) - np.eye(4)[action])) / 8
    after = made.unpack(moved)["params"]
    np.testing.assert_allclose(after["dense_0"]["kernel"], weights["dense_0"]["kernel"] - slope, atol=2e-5)
    np.testing.assert_array_equal(after["dense_1"]["kernel"], weights["dense_1"]["kernel"])  # behind stop_gradient


ARGUMENTS = {
    "mean-meets-examples": [
        "mean_squared_error(value, mean(reward))",
        "mean_squared_error(mean(value), mean(reward))",
        "mean_squared_error(reward, mean(reward))",
        f"softmax_cross_entropy(logits, action, weight={XENT})",
        "softmax_cross_entropy(logits, action, weight=mean(reward))",
        "mean(broadcast_to(mean(reward), [B]) * value)",
        "each(mean(value))",
        "sum(mean(value), axis=0)",
        "huber(value, mean(w))",
        f"mean(stack([{XENT}, mean(reward)], axis=0))",
        "mean(softmax(mean(w), axis=0) * value)",
        "mean(concat([mean(w), value], axis=0))",
        f"mean(cumsum({XENT}))",
        f"mean({XENT} -> reshape([B]))",
        'mean(einsum("i,i->i", value, mean(w)))',
        "r2(value, mean(reward))",
    ],
    "not-a-tensor": [f"{form} -> {block}" for form in ("mean(value)", XENT) for block in ("One", "Many", "lstm(3)")]
    + [f"({XENT}, value) -> Both", f"sum(0.5 * {XENT})"],
    "weights-outside-model": [
        "mean(logits -> dense(2))",
        "mean(logits -> batch_norm)",
        "mean(logits -> layer_norm)",
        "mean(logits -> prelu)",
        "mean(logits[:, :, none] -> lstm(4))",
        "mean(value -> Scaled)",
        "mean(value -> Counted)",
        "mean(value -> Around)",
    ],
    "": [
        "sum(mean_squared_error(logits, v), axis=-1)",
        f"max({XENT}, axis=0)",
        f"mean({XENT}, mask=w > 0)",
        "mean(value -> Many)",
        "mean(logits -> dropout(0.5))",
        "each(mean(value, mask=w > 0))",
    ],
}
BLOCKS = """block One {
  input p: f32[]
  output q = p * 2.0
}

block Many {
  input p: f32[N]
  output q = p * 2.0
}

block Both {
  input p: f32[]
  input w: f32[N]
  output q = p * w
}

block Scaled {
  input p: f32[N]
  weight s: f32[] = ones
  output q = p * s
}

block Counted {
  input p: f32[N]
  buffer s: f32[] = ones
  output q = p * s
}

block Around {
  input p: f32[N]
  output q = p -> Scaled
}

model Policy {"""


def test_a_finished_mean_is_no_tensor_and_no_section_has_weights() -> None:
    spec = POLICY.replace("model Policy {", BLOCKS)
    for slug, forms in ARGUMENTS.items():
        for form in forms:
            for lines in (f"loss = {XENT}; metric m = {form}", f"loss = {XENT}; let h = {form}; metric m = h", "eval { metric m = FORM }"):
                text = f"loss = {XENT}; {lines}".replace("FORM", form) if lines.startswith("eval") else lines
                assert set(slugs(spec.replace("LINES", "\n  ".join(text.split("; "))))) == ({slug} if slug else set()), text


def test_each_update_is_held_to_it_too() -> None:
    update = 'update all {\n    loss = mean(logits -> dense(2))\n    params = "**"\n    optimizer = sgd(1.0)\n  }'
    assert slugs(POLICY.replace("LINES", update).replace("  optimizer = sgd(1.0)\n  duration", "  duration")) == ["weights-outside-model"]


@pytest.mark.parametrize("loss", [f"mean(stack([each({XENT}), reward], axis=0))", f"mean_squared_error(value, each({XENT}))"])
def test_the_forms_that_the_help_names_are_clean(loss: str) -> None:
    assert slugs(POLICY.replace("LINES", f"loss = {loss}")) == []


@pytest.mark.parametrize(
    "loss",
    ["f1(logits, action)", "1 - recall(logits, action)", "calibration_error(logits, action)"]
    + [f"{XENT} - accuracy(logits, action)", f"{XENT} + f1(logits, action)"],
)
def test_a_metric_that_counts_moves_nothing(loss: str) -> None:
    assert slugs(POLICY.replace("LINES", f"loss = {loss}")) == ["unmoved-loss"]


WRONG_WEIGHTS = {
    "softmax_cross_entropy(logits, action, weight=v)": "weight-shape",
    "softmax_cross_entropy(logits, action, weight=w[:, none])": "weight-shape",
    "mean_squared_error(logits, v, weight=x)": "weight-shape",
    "mean_squared_error(value, reward, weight=mean(w, axis=0))": "weight-shape",
    "softmax_cross_entropy(logits, action, weight=reward > 0)": "wrong-dtype",
    "softmax_cross_entropy(logits, action, weight=2.0)": "not-a-tensor",
    "softmax_cross_entropy(logits, action, normalize=true)": "normalize-alone",
    "f1(logits, action, weight=w)": "unknown-argument",
}


@pytest.mark.parametrize("loss", WRONG_WEIGHTS)
def test_a_weight_is_a_factor_of_the_values(loss: str) -> None:
    assert slugs(POLICY.replace("LINES", f"loss = {XENT}\n  metric m = {loss}")) == [WRONG_WEIGHTS[loss]]


def test_each_takes_a_loss_or_a_tensor() -> None:
    lines = f"loss = {XENT}\n  metric a = each(value)\n  metric b = mean(each({XENT}), mask=w > 0)"
    assert slugs(POLICY.replace("LINES", lines)) == []
    for wrong, slug in {f"each({XENT} + {XENT})": "not-a-tensor", "each(f1(logits, action))": "metric-without-values"}.items():
        assert slugs(POLICY.replace("LINES", f"loss = {XENT}\n  metric m = {wrong}")) == [slug]


def test_every_loss_and_every_mean_of_the_shelf_takes_a_weight() -> None:
    measures = [entry for entry in index.all_entries() if entry.kind in ("loss", "metric")]
    assert len(measures) > 40
    for entry in measures:
        op: Any = index.load(entry)
        names, arguments = {i.name for i in entry.inputs}, {a.name for a in entry.signature}
        assert ("weight" in names) == op.takes_weight == op.averaged, entry.name
        assert entry.kind == "metric" or {"weight", "normalize"} <= names | arguments, entry.name


# --- classes ---------------------------------------------------------------------------------------------------------

CLASSES = """netspec 1

model M {
  input image: f32[B, 8, 8, 1]
  h = image -> flatten
  output logits = h -> dense(UNITS)
}

train M {
  data = DATA -> batch(32)
  loss = LOSS
  optimizer = sgd(0.1)
  duration = 1 epoch
}
"""
DIGITS = "digits()"
TABLE = 'csv("t.csv", fields={image: f32[4], label: i32[]}, classes={label: ["a", "b", "c", "d", "e"]})'
FOLDER = 'image_folder("train", size=5) -> random_resized_crop(8) -> rename(image="picture") -> rename(picture="image")'
XENT_10 = "softmax_cross_entropy(logits, label)"
UNITS = [
    (DIGITS, 10, XENT_10, []),
    (DIGITS, 9, XENT_10, ["too-few-units"]),
    (DIGITS, 11, XENT_10, ["more-units"]),
    ('digits() -> rename(label="digit")', 4, "softmax_cross_entropy(logits, digit)", ["too-few-units"]),
    (DIGITS, 9, "softmax_cross_entropy(logits, one_hot(label, 9))", ["too-few-units"]),
    (DIGITS, 12, "softmax_cross_entropy(logits, one_hot(label, 12))", ["more-units"]),
    (DIGITS, 9, "softmax_cross_entropy(logits, label, ignore=9)", []),
    (DIGITS, 9, "softmax_cross_entropy(logits, label, mask=label < 9)", []),
    (DIGITS, 2, "softmax_cross_entropy(logits, label % 2)", []),
    (DIGITS, 9, "multiclass_hinge(logits, label)", ["too-few-units"]),
    (DIGITS, 9, "softmax_focal(logits, label)", ["too-few-units"]),
    (DIGITS, 11, "mean(logits)\n  metric m = accuracy(logits, label)", ["more-units"]),
    (DIGITS, 9, "mean(logits)\n  metric m = top_k_accuracy(logits, label)", ["too-few-units"]),
    (DIGITS, 9, "mean(logits)\n  metric m = confusion_matrix(logits, label)", ["too-few-units"]),
    (DIGITS, 9, "mean(logits)\n  metric m = f1(logits, label)", ["too-few-units"]),
    (DIGITS, 9, "mean(logits)\n  metric m = perplexity(logits, label)", ["too-few-units"]),
    (DIGITS, 11, "ctc(logits[:, none], stack([label], axis=1), blank=10)", []),
    (DIGITS, 1, XENT_10, ["one-class"]),
    (DIGITS, 1, "softmax_cross_entropy(logits, cast(label[:, none] % 2, f32))", ["one-class"]),
    (DIGITS, 1, "log_loss(sigmoid(logits), label)", ["one-class"]),
    (DIGITS, 1, "mean(logits)\n  metric m = accuracy(logits, label)", ["one-class"]),
    (DIGITS, 1, "mean(logits)\n  metric m = top_k_accuracy(logits, label, k=1)", ["one-class"]),
    (DIGITS, 1, "mean(logits)\n  metric m = f1(logits, label)", ["one-class"]),
    (DIGITS, 1, "mean(softmax(logits))", ["softmax-of-one"]),
    (DIGITS, 1, "mean(log_softmax(logits, axis=1))", ["softmax-of-one"]),
    (DIGITS, "1) -> softmax(axis=-1", "mean(logits)", ["softmax-of-one"]),
    (DIGITS, 1, "sigmoid_cross_entropy(logits[:, 0], label)", ["too-few-units"]),
    (DIGITS, 1, "sigmoid_cross_entropy(logits[:, 0], label % 2)", []),
    (DIGITS, 1, "sigmoid_cross_entropy(logits[:, 0], label, ignore=3)", ["too-few-units"]),
    (DIGITS, 1, "sigmoid_cross_entropy(logits[:, 0], cast(label, f32))", ["too-few-units"]),
    (DIGITS, 1, "sigmoid_cross_entropy(logits[:, 0], cast(label, f64) -> cast(f32))", ["too-few-units"]),
    (DIGITS, 1, "sigmoid_cross_entropy(logits[:, 0], cast(label == 3, f32))", []),
    (DIGITS, 1, "sigmoid_cross_entropy(logits[:, 0], cast(label, f32) / 9)", []),
    (DIGITS, 1, "hinge(logits[:, 0], cast(label, f32))", ["too-few-units"]),
    (DIGITS, 1, "mean_squared_error(logits[:, 0], cast(label, f32))", []),
    (DIGITS, 3, "sigmoid_cross_entropy(logits, cast(broadcast_to(label[:, none], [B, 3]), f32))", ["too-few-units"]),
    (DIGITS, 3, "sigmoid_cross_entropy(logits, one_hot(label, 3))", ["too-few-units"]),
    (DIGITS, 10, "sigmoid_cross_entropy(logits, one_hot(label, 10))", []),
    (DIGITS, 9, "softmax_cross_entropy(logits, cast(label, u8))", []),
    (DIGITS, 9, "softmax_cross_entropy(logits, cast(cast(label, f32), i32))", ["too-few-units"]),
    (DIGITS, 9, "softmax_cross_entropy(logits, label, ignore=-1)", ["too-few-units"]),
    (DIGITS, 10, "softmax_cross_entropy(logits, label, ignore=9)", []),
    (DIGITS, 8, "softmax_cross_entropy(logits, label, ignore=9)", ["too-few-units"]),
    (DIGITS, 11, "softmax_cross_entropy(logits, label, ignore=255)", ["more-units"]),
    (DIGITS, 9, "softmax_cross_entropy(logits, flip(label[:, none], axis=1)[:, 0])", ["too-few-units"]),
    (DIGITS, 9, "softmax_cross_entropy(logits, tile(label[:, none], [1, 2])[:, 0])", ["too-few-units"]),
    (DIGITS, 9, 'softmax_cross_entropy(repeat(logits, "b c -> b k c", k=2), repeat(label, "b -> b k", k=2))', ["too-few-units"]),
    (DIGITS, 1, "hinge(logits[:, 0], label)", ["too-few-units"]),
    (DIGITS, 1, "mean(logits)\n  metric m = binary_accuracy(logits[:, 0], label)", ["too-few-units"]),
    (DIGITS, 1, "mean(logits)\n  metric m = auroc(logits[:, 0], label)", ["too-few-units"]),
    (FOLDER, 4, XENT_10, ["too-few-units"]),
    (FOLDER, 5, XENT_10, []),
    (FOLDER, 6, XENT_10, ["more-units"]),
    (TABLE, 4, XENT_10, ["too-few-units"]),
    (TABLE, 5, XENT_10, []),
    (TABLE, 7, XENT_10, ["more-units"]),
    ("mnist()", 9, XENT_10, ["too-few-units"]),
    ("cifar10()", 9, XENT_10, ["too-few-units"]),
]
INPUTS = {TABLE: "f32[B, 4]", FOLDER: "f32[B, 8, 8, 3]", "mnist()": "f32[B, 28, 28, 1]", "cifar10()": "f32[B, 32, 32, 3]"}


def test_units_are_held_against_the_classes_that_the_data_state() -> None:
    for data, units, loss, wanted in UNITS:
        spec = CLASSES.replace("f32[B, 8, 8, 1]", INPUTS.get(data, "f32[B, 8, 8, 1]"))
        spec = spec.replace("DATA", data).replace("UNITS", str(units)).replace("LOSS", loss)
        assert slugs(spec) == wanted, (data, units, loss)


def test_a_label_for_the_model_needs_its_row_too() -> None:
    spec = CLASSES.replace("DATA", DIGITS).replace("UNITS", "10").replace("LOSS", XENT_10)
    for rows, wanted in {9: ["too-few-units"], 10: [], 11: []}.items():
        given = spec.replace("flatten\n", f"flatten\n  input label: i32[B]\n  e = label -> embed({rows}, 4)\n")
        assert slugs(given.replace("h -> dense", "concat([h, e], axis=-1) -> dense")) == wanted, rows


def test_seven_units_beside_five_class_names_and_a_softmax_over_one_unit() -> None:
    assert slugs(Path("reports/17-more-units-than-class-names.net")) == ["more-units"]
    (problem,) = netspec.check(str(CASES / "traps/31-softmax-cross-entropy-over-one-unit.net")).problems
    assert problem.slug() == "one-class" and "`sigmoid_cross_entropy(y, label)`" in (problem.help() or "")
    text = (CASES / "traps/31-softmax-cross-entropy-over-one-unit.net").read_text()
    assert slugs(text.replace("softmax_cross_entropy", "sigmoid_cross_entropy")) == []


# --- what fills a batch up -------------------------------------------------------------------------------------------

PAIRS = """netspec 1

model Pairs {
  input a: f32[B, 3]
  input b: f32[B, 3]
  output left = a -> dense(4)
  output right = b -> dense(4)
}

train Pairs {
  data = arrays(fields={a: f32[3], b: f32[3]}) -> batch(8, partial="pad")
  let scores = left @ transpose(right)
  loss = softmax_cross_entropy(SCORES, iota(B))
  optimizer = sgd(0.1)
  duration = 2 epochs
}
"""


def test_what_fills_a_batch_up_is_no_negative_where_the_mask_leaves_it_out() -> None:
    assert set(slugs(PAIRS.replace("SCORES", "scores"))) == {"mixes-examples"}
    masked = PAIRS.replace("SCORES", "where(batch_mask[none, :], scores, -1e9)")
    assert slugs(masked) == []
    made = compiled(masked)
    batch = {name: RNG.normal(size=(5, 3)).astype(np.float32) for name in "ab"}
    filled = {name: np.concatenate([x, x[:1].repeat(3, axis=0)]) for name, x in batch.items()}
    filled["example weights"] = np.array([1, 1, 1, 1, 1, 0, 0, 0], np.float32)
    state, other = made.init(0), made.init(0)
    moved, statistics = made.train_step(state, batch)
    again, padded = made.train_step(other, filled)
    assert made.finish(padded) == pytest.approx(made.finish(statistics), rel=1e-5)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6), made.unpack(moved), made.unpack(again))


OVER_THE_BATCH = {
    "mean(where(batch_mask, reward, 0), axis=0)": False,
    "mean(reward * cast(batch_mask, f32), axis=0)": False,
    "mean(where(batch_mask[:, none], left, 0), axis=0)[0]": False,
    "max(where(batch_mask, reward, 0), axis=0)": False,
    "max(where(batch_mask, reward, -1e9), axis=0)": True,
    "mean(where(batch_mask, 0, reward), axis=0)": False,
    "sum(where(batch_mask, reward, 0), axis=0) / sum(cast(batch_mask, f32), axis=0)": True,
    "sum(reward, axis=0) / sum(cast(batch_mask, f32), axis=0)": False,
    "mean(reward, axis=0) * 1.0": False,
    "mean(standardize(where(batch_mask, reward, 0)))": False,
    "mean(where(batch_mask, softmax(reward), 0))": False,
}
"""What is taken of all examples in a loss that reads `batch_mask` somewhere: is that of those alone that count?"""


@pytest.mark.parametrize("term", OVER_THE_BATCH)
def test_a_mask_somewhere_is_not_a_mask_everywhere(term: str) -> None:
    loss = f"loss = softmax_cross_entropy(where(batch_mask[none, :], scores, -1e9), iota(B)) + {term}"
    spec = PAIRS.replace("loss = softmax_cross_entropy(SCORES, iota(B))", loss).replace("b: f32[3]}", "b: f32[3], reward: f32[]}")
    assert slugs(spec) == ([] if OVER_THE_BATCH[term] else ["mixes-examples"])


def test_a_field_called_batch_mask_is_that_field() -> None:
    own = PAIRS.replace("b: f32[3]}", "b: f32[3], batch_mask: bool[]}").replace("SCORES", "scores, weight=cast(batch_mask, f32)")
    assert slugs(own.replace(", iota(B))", ")").replace("cross_entropy(scores", "cross_entropy(scores, iota(B)")) == ["mixes-examples"]
    assert "unknown-name" in slugs(PAIRS.replace("SCORES", "scores * batch_masks"))


@pytest.mark.parametrize(("size", "wanted"), [(12, ["field-mismatch"]), (16, []), (8, [])])
def test_the_size_of_a_batch_is_held_to_what_the_model_requires(size: int, wanted: list[str]) -> None:
    spec = CLASSES.replace("  h = image", "  require B % 8 == 0\n  h = image").replace("DATA", DIGITS).replace("UNITS", "10")
    assert slugs(spec.replace("LOSS", XENT_10).replace("batch(32)", f"batch({size})")) == wanted
