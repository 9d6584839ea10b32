"""Losses and metrics become measurements whose finished means meet in arithmetic; data, fields and settings fit the model."""

from __future__ import annotations

import pytest

from netspec.compile import check
from netspec.files import models_dir
from netspec.ir import Apply, Literal
from netspec.ir.verify import verify_all
from netspec.source import Source
from tests.infer.specs import DIGITS, in_train, ops, problems, trained

XENT = "softmax_cross_entropy(logits, label)"
SYMBOLIC = DIGITS.replace("8, 8, 1", "H, W, 1").replace("flatten -> dense(10)", "conv(4, 3) -> global_avg_pool -> dense(10)")


def objective(settings: str):
    return trained(settings).objective


def measured(settings: str) -> list[str]:
    return [m.op.op_name() for m in objective(settings).measurements]


def test_a_loss_is_one_measurement_of_the_models_output_and_the_field() -> None:
    found = objective(f"  loss = {XENT}")
    assert [p.name for p in found.body.inputs] == ["image", "label", "output.logits"]
    assert {n: str(t) for n, t in found.body.input_types().items()} == {
        "image": "f32[B, 8, 8, 1]",
        "label": "i32[B]",
        "output.logits": "f32[B, 10]",
    }
    [measurement] = found.measurements
    assert measurement.inputs == (2, 1) and measurement.per_example
    assert [p.name for p in found.finish.outputs] == ["loss"] and found.finish.nodes == ()


def test_arithmetic_of_means_happens_after_the_sums() -> None:
    found = objective(f"  let x = {XENT}\n  loss = x + 0.1 * x")
    assert [m.op.op_name() for m in found.measurements] == ["softmax_cross_entropy"]
    assert ops(found.finish) == ["multiply", "add"]
    assert found.finish.nodes[0].inputs == (Literal(0.1), 0) and found.finish.nodes[1].inputs == (0, 1)
    assert found.body.nodes == ()


def test_each_call_of_a_loss_is_a_measurement() -> None:
    assert measured(f"  loss = {XENT} - {XENT}\n  metric accuracy = accuracy(logits, label)") == [
        "softmax_cross_entropy",
        "softmax_cross_entropy",
        "accuracy",
    ]


def test_arithmetic_on_tensors_happens_before() -> None:
    found = objective("  let p = 2 * logits\n  loss = softmax_cross_entropy(p, label)")
    assert ops(found.body) == ["multiply"] and found.finish.nodes == ()
    assert found.measurements[0].inputs == (3, 1)


def test_a_plain_tensor_counts_once_per_example() -> None:
    found = objective("  loss = logits * logits")
    [measurement] = found.measurements
    assert (measurement.op.op_name(), measurement.per_example, ops(found.body)) == ("mean", True, ["multiply"])


def test_a_mean_and_a_tensor_of_examples_do_not_meet() -> None:
    [problem] = problems(in_train(f"  loss = {XENT} + 0.5 * logits"))
    assert (problem.slug(), problem.at.text) == ("mean-meets-examples", "+")
    found = objective(f"  loss = {XENT} + mean(0.5 * logits)")
    assert [m.op.op_name() for m in found.measurements] == ["softmax_cross_entropy", "mean"]
    assert (ops(found.body), ops(found.finish)) == (["multiply"], ["add"])


def test_functions_of_means() -> None:
    assert ops(objective(f"  loss = {XENT}\n  metric up = -{XENT}").finish) == ["negative"]


def test_results_have_their_names() -> None:
    found = objective(f"  loss = {XENT}\n  metric accuracy = accuracy(logits, label)\n  metric again = {XENT}")
    assert [p.name for p in found.finish.outputs] == ["loss", "accuracy", "again"]
    assert len({p.wire for p in found.finish.outputs}) == 3


def test_the_models_symbols_become_the_datas_sizes() -> None:
    plan = trained(f"  loss = {XENT}", SYMBOLIC)
    assert str(plan.model.input_types()["image"]) == "f32[B, H, W, 1]"
    assert str(plan.objective.body.input_types()["image"]) == "f32[B, 8, 8, 1]"


def test_metrics_of_the_evaluation_replace_none_of_the_losses() -> None:
    plan = trained(
        f"  loss = {XENT}\n  eval {{\n    metric accuracy = accuracy(logits, label)\n    every = 2 epochs\n    limit = 3 steps\n  }}"
    )
    assert [p.name for p in plan.objective.finish.outputs] == ["loss"]
    assert [p.name for p in plan.eval.objective.finish.outputs] == ["loss", "accuracy"]
    assert (str(plan.eval.every), plan.eval.limit) == ("2 epochs", 3)


def test_defaults() -> None:
    plan = trained(f"  loss = {XENT}")
    assert (plan.seed, plan.precision, str(plan.eval.every), plan.eval.limit) == (0, "f32", "1 epoch", None)
    assert (str(plan.checkpoint.every), plan.checkpoint.keep) == ("1 epoch", 3)
    assert plan.eval.data is not None and (plan.data.part, plan.eval.data.part, plan.eval.part) == ("train", "validation", "validation")
    assert plan.eval.data.dataset == plan.data.dataset and plan.eval.test is not None
    assert plan.eval.test.dataset == plan.data.dataset.test_part()
    assert (str(plan.best), plan.stop) == ("min(loss)", None)
    assert plan.name == "M" and plan.data.batch == 32


def test_checkpoints_follow_the_evaluation() -> None:
    plan = trained(f"  loss = {XENT}\n  eval {{ every = 5 steps }}")
    assert str(plan.checkpoint.every) == "5 steps"
    plan = trained(f"  loss = {XENT}\n  eval {{ every = 5 steps }}\n  checkpoint {{ every = 9 steps; keep = 2 }}")
    assert (str(plan.checkpoint.every), plan.checkpoint.keep) == ("9 steps", 2)


def test_batch_size_is_known() -> None:
    plan = trained(f"  data = digits() -> batch(64)\n  loss = {XENT}\n  optimizer = sgd(0.1 * batch_size / 64)")
    assert plan.optimizer.learning_rate == pytest.approx(0.1)  # type: ignore[attr-defined]


REFUSED = {
    "  loss = 0.5": "loss-not-a-mean",
    "  loss = none": "loss-not-a-mean",
    "  loss = relu": "loss-not-a-mean",
    "  loss = [logits]": "loss-not-a-mean",
    "  loss = accuracy(logits, label) + [1]": "not-a-tensor",
    "  loss = softmax_cross_entropy(logits)": "missing-input",
    "  loss = softmax_cross_entropy(logits, 3)": "not-a-tensor",
    "  loss = mean_squared_error(logits, logits, label)": "bad-argument",
    "  loss = softmax_cross_entropy(label, logits)": "swapped-arguments",
    "  loss = softmax_cross_entropy(logits, logit)": "unknown-name",
    "  loss = mean_squared_error(logits, image)": "unequal-targets",
    "  let a, b = logits\n  loss = softmax_cross_entropy(a, label)": "wrong-count",
    f"  loss = {XENT}\n  seed = -1": "bad-setting",
    f"  loss = {XENT}\n  seed = 2**40": "bad-setting",
    f"  loss = {XENT}\n  seed = true": "bad-setting",
    f"  loss = {XENT}\n  precision = f16": "bad-setting",
    f"  loss = {XENT}\n  duration = 0 epochs": "bad-setting",
    f"  loss = {XENT}\n  duration = 10": "bad-setting",
    f'  loss = {XENT}\n  duration = "10 epochs"': "bad-setting",
    f"  loss = {XENT}\n  optimizer = 0.1": "bad-setting",
    f"  loss = {XENT}\n  optimizer = adam": "missing-argument",
    f"  loss = {XENT}\n  optimizer = adam(-1.0)": "negative-rate",
    f"  loss = {XENT}\n  optimizer = digits": "wrong-kind",
    f"  loss = {XENT}\n  optimizer = adam(0.1) -> sgd(0.1)": "optimizer-steps-twice",
    f"  loss = {XENT}\n  eval {{ every = 3 }}": "bad-setting",
    f"  loss = {XENT}\n  eval {{ limit = 0 }}": "bad-setting",
    f"  loss = {XENT}\n  checkpoint {{ keep = 1.5 }}": "bad-setting",
    f"  loss = {XENT}\n  eval {{ metric bad = 0.5 }}": "loss-not-a-mean",
    f"  data = 3\n  loss = {XENT}": "not-a-data-chain",
    f"  data = digits\n  loss = {XENT}": "not-a-data-chain",
    f"  data = batch(4)\n  loss = {XENT}": "not-a-data-chain",
    f"  data = digits() -> batch(4) -> batch(4)\n  loss = {XENT}": "not-a-data-chain",
    f"  data = digits() -> shuffle -> shuffle -> batch(4)\n  loss = {XENT}": "not-a-data-chain",
    f"  data = digits() -> batch(0)\n  loss = {XENT}": "bad-argument",
    f"  data = digits() -> relu -> batch(4)\n  loss = {XENT}": "wrong-kind",
    f'  data = digits(part="tset") -> batch(4)\n  loss = {XENT}': "bad-argument",
}


@pytest.mark.parametrize("settings", REFUSED)
def test_what_does_not_fit_is_refused(settings: str) -> None:
    found = problems(in_train(settings))
    assert [p.slug() for p in found] == [REFUSED[settings]], [p.message() for p in found]


@pytest.mark.parametrize(
    ("old", "new", "slug"),
    [
        ("8, 8, 1", "8, 9, 1", "field-mismatch"),
        ("8, 8, 1", "8, 8", "field-mismatch"),
        ("f32[B, 8", "i32[B, 8", "field-mismatch"),
        ("8, 8, 1", "H, H + 1, 1", "field-mismatch"),
        ("image", "picture", "input-not-a-field"),
        ("logits", "label", "output-is-a-field"),
    ],
)
def test_data_must_fit_the_model(old: str, new: str, slug: str) -> None:
    spec = DIGITS.replace(old, new).replace(
        "flatten -> dense(10)", "cast(f32) -> flatten -> dense(10)" if "i32" in new else "flatten -> dense(10)"
    )
    if "H" in new:
        spec = spec.replace("flatten -> dense(10)", "global_avg_pool -> dense(10)")
    assert slug in [p.slug() for p in problems(in_train(f"  loss = {XENT}", spec))]


# --- a loss as an argument -------------------------------------------------------------------------------------------
SQUARES = "mean_squared_error(logits, 0.5)"


def test_a_loss_in_a_reduction_stands_for_its_values() -> None:
    found = objective(f"  let s = {SQUARES}\n  loss = sum(s, axis=-1)\n  metric whole = s")
    assert ops(found.body) == ["full", "mean_squared_error", "sum"]
    assert [m.op.op_name() for m in found.measurements] == ["mean_squared_error", "mean"]
    inner, outer = found.measurements
    assert str(found.body.types[outer.inputs[0]]) == "f32[B]" and outer.per_example and inner.per_example  # type: ignore[index]


def test_its_measurement_goes_when_nobody_reads_it() -> None:
    found = objective(f"  loss = sum({SQUARES}, axis=-1)")
    assert [m.op.op_name() for m in found.measurements] == ["mean"] and [p.name for p in found.finish.inputs] == ["mean_0"]


def test_tensors_made_of_losses_add_up_as_tensors() -> None:
    found = objective(f"  let a = sum({SQUARES}, axis=-1)\n  loss = a + mean(logits, axis=-1)")
    assert ops(found.body)[-1] == "add" and found.finish.nodes == ()


def test_operators_and_functions_of_numbers_act_on_finished_means() -> None:
    found = objective(f"  loss = exp({XENT}) - maximum({XENT}, 2.0) ** 2")
    assert ops(found.body) == [] and ops(found.finish) == ["exp", "maximum", "power", "subtract"]


def test_each_gives_the_values_of_a_loss() -> None:
    found = objective(f"  loss = where(label < 3, each({XENT}), 0.0)")
    assert ops(found.body) == ["less", "softmax_cross_entropy", "each", "where"]


def test_a_metric_of_a_loss_takes_the_values() -> None:
    found = objective(f"  loss = {XENT}\n  metric again = mean({XENT})")
    assert ops(found.body) == ["softmax_cross_entropy"] and [m.op.op_name() for m in found.measurements] == [
        "softmax_cross_entropy",
        "mean",
    ]


def test_arithmetic_of_means_has_no_values() -> None:
    [problem] = problems(in_train(f"  loss = sum(2 * {SQUARES}, axis=-1)"))
    assert (problem.slug(), problem.at.text) == ("not-a-tensor", f"2 * {SQUARES}")


@pytest.mark.parametrize("target", ["1.0", "1", "0.5"])
def test_a_number_is_a_target_of_the_predictions_shape(target: str) -> None:
    found = objective(f"  loss = mean_squared_error(logits, {target})")
    [full] = found.body.nodes
    assert isinstance(full, Apply) and (full.op.op_name(), float(full.op.value)) == ("full", float(target))  # type: ignore[attr-defined]
    assert str(found.body.types[full.outputs[0]]) == "f32[B, 10]"


@pytest.mark.parametrize(("call", "blamed"), [("softmax_cross_entropy(logits, 3)", "3"), ("mean_squared_error(1.0, logits)", "1.0")])
def test_a_number_is_no_label_and_no_prediction(call: str, blamed: str) -> None:
    assert [(p.slug(), p.at.text) for p in problems(in_train(f"  loss = {call}"))] == [("not-a-tensor", blamed)]


@pytest.mark.parametrize(("number", "slugs"), [("7", []), ("7.0", ["literal-does-not-fit"]), ("7.5", ["literal-does-not-fit"])])
def test_a_number_among_whole_numbers_is_one_of_them(number: str, slugs: list[str]) -> None:
    """It is compared as what it is, and the finished graph keeps its rules: a mutated spec had a float among integers."""
    metric = f"  metric a = sequence_exact(cast(image[:, :, 0, 0], i32), {number})\n"
    text = (models_dir() / "digits.net").read_text().replace("  optimizer", metric + "  optimizer")
    checked = check(Source("m.net", text))
    assert [p.slug() for p in checked.problems] == slugs
    if checked.ok and checked.typed:
        verify_all(checked.typed)
