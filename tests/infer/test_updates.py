"""`update`, `accumulate`, `ema`, `params` and `aux` in `train`: what the plan says, and what is wrong with the others."""

from __future__ import annotations

import pytest

from netspec.infer.values import Parameters, describe
from netspec.ir import TrainPlan
from netspec.ir.verify import verify_all
from tests.infer.specs import checked, in_train, ops, problems, trained

LAYERS = """block Layer {
  input x: f32[B, D]
  h = x -> dense(D) -> relu
  aux size = mean(h * h, axis=-1)
  aux level = mean(h)
  output h
}
model M {
  input image: f32[B, 8, 8, 1]
  x = image -> flatten -> low: dense(5)
  repeat 3 { x = x -> Layer }
  output logits = x -> high: dense(10)
}
"""
XENT = "softmax_cross_entropy(logits, label)"
LOW = f'  update low {{ loss = {XENT}; params = "low/**"; optimizer = sgd(0.1) }}'
REST = f'  update rest {{ loss = {XENT}; params = ["Layer/**", "high/**"]; optimizer = adam(0.1); every = 3 }}'


def updating(*lines: str, spec: str = LAYERS) -> str:
    """A section with these lines, the data and a duration."""
    return "\n".join([spec, "train M {", "  data = digits() -> batch(32)", *lines, "  duration = 1 epoch", "}\n"])


def plan(*lines: str, spec: str = LAYERS) -> TrainPlan:
    found = checked(updating(*lines, spec=spec))
    assert found.ok and found.typed is not None, found.problems
    verify_all(found.typed)
    return found.typed.trains[-1]


def said(*lines: str) -> list[tuple[str, str]]:
    """Slug and blamed words of each problem."""
    return [(p.slug(), p.at.text) for p in problems(updating(*lines))]


# --- updates ---------------------------------------------------------------------------------------------------------
def test_each_update_has_its_parameters_in_the_model_s_order() -> None:
    low, rest = plan(LOW, REST).updates
    assert (low.name, low.paths, low.every) == ("low", ("low/kernel", "low/bias"), 1)
    assert (rest.name, rest.optimizer.op_name(), rest.every) == ("rest", "adam", 3)
    assert rest.paths == tuple(
        f"{name}/{leaf}" for name in ("Layer_0/dense_0", "Layer_1/dense_0", "Layer_2/dense_0", "high") for leaf in ("kernel", "bias")
    )


def test_the_plain_form_is_one_update_without_a_name() -> None:
    [only] = trained(f"  loss = {XENT}").updates
    assert (only.name, only.every, only.paths) == ("", 1, None)


def test_objectives() -> None:
    """The first update measures the metrics; everything together is what an evaluation reports."""
    found = plan(f"  let x = {XENT}", LOW.replace(XENT, "2 * x"), REST.replace(XENT, "x"), "  metric accuracy = accuracy(logits, label)")
    names = [[p.name for p in u.objective.finish.outputs] for u in found.updates]
    assert names == [["loss", "accuracy"], ["loss"]]
    assert [p.name for p in found.objective.finish.outputs] == ["loss", "low.loss", "rest.loss", "accuracy"]
    assert ops(found.objective.finish) == ["multiply", "add"]
    assert [m.op.op_name() for m in found.updates[1].objective.measurements] == ["softmax_cross_entropy"]
    assert found.eval.objective is found.objective


def test_an_evaluation_adds_its_own_metrics() -> None:
    found = plan(LOW, REST, "  eval { metric accuracy = accuracy(logits, label) }")
    assert [p.name for p in found.eval.objective.finish.outputs] == ["loss", "low.loss", "rest.loss", "accuracy"]


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ((LOW, REST, f"  loss = {XENT}"), [("setting-beside-updates", "loss")]),
        ((LOW, REST, "  optimizer = sgd(0.1)"), [("setting-beside-updates", "optimizer")]),
        ((), [("missing-setting", "M")]),
        ((LOW, REST.replace("optimizer = adam(0.1); ", "")), [("missing-setting", "update")]),
        ((LOW, REST.replace('params = ["Layer/**", "high/**"]; ', "")), [("missing-setting", "update")]),
        ((LOW, REST.replace(f"loss = {XENT}; ", "")), [("missing-setting", "update")]),
        ((LOW, REST.replace("high/**", "hihg/**")), [("pattern-matches-nothing", '["Layer/**", "hihg/**"]')]),
        ((LOW, REST.replace('["Layer/**", "high/**"]', "3")), [("bad-setting", "3")]),
        ((LOW, REST.replace("every = 3", "every = 0")), [("bad-setting", "0")]),
        ((LOW, REST.replace("every = 3", "every = 1 epoch")), [("bad-setting", "1 epoch")]),
        ((LOW, REST.replace("every = 3", "evry = 3")), [("unknown-setting", "evry")]),
        ((LOW, REST.replace("every = 3", "metric a = 3")), [("unknown-setting", "a")]),
        ((LOW, REST.replace("rest", "low")), [("duplicate-name", "update")]),
        ((LOW, REST.replace("adam(0.1)", 'adamw(0.1, decay_mask="low/**")')), [("pattern-matches-nothing", '"low/**"')]),
        ((LOW,), [("untrained-parameters", "update")]),
        ((LOW, REST.replace(XENT, "nope(logits, label)")), [("unknown-name", "nope")]),
    ],
)
def test_mistakes_of_updates(lines: tuple[str, ...], wanted: list[tuple[str, str]]) -> None:
    assert said(*lines) == wanted


def test_steps_are_written_either_way() -> None:
    assert plan(LOW, REST.replace("every = 3", "every = 3 steps")).updates[1].every == 3


def test_what_nothing_trains_is_a_warning() -> None:
    [warning] = problems(updating(LOW))
    assert warning.severity == "warning" and "8 of the 10 parameters: `Layer_0/dense_0/kernel`" in warning.message()
    assert plan(LOW).updates[0].name == "low"


# --- accumulate, ema, batch_size -------------------------------------------------------------------------------------
def test_accumulate_and_ema() -> None:
    found = trained(f"  loss = {XENT}\n  accumulate = 4\n  ema = 0.99")
    assert (found.accumulate, found.ema) == (4, 0.99)
    assert (found.settings["accumulate"], found.settings["ema"]) == ("4", "0.99")
    plain = trained(f"  loss = {XENT}")
    assert (plain.accumulate, plain.ema, plain.settings["ema"]) == (1, None, "none")


def test_the_batch_size_is_that_of_a_step() -> None:
    assert trained(f"  loss = {XENT}\n  optimizer = sgd(0.1 * batch_size)\n  accumulate = 4").optimizer.learning_rate == pytest.approx(12.8)  # type: ignore[attr-defined]
    assert trained(f"  loss = {XENT}\n  optimizer = sgd(0.1 * batch_size)").optimizer.learning_rate == pytest.approx(3.2)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("accumulate = 0", "0"),
        ("accumulate = 1.5", "1.5"),
        ("ema = 1", "1"),
        ("ema = 0.0", "0.0"),
        ("ema = 2.5", "2.5"),
        ("ema = true", "true"),
    ],
)
def test_settings_that_mean_nothing(setting: str, wanted: str) -> None:
    assert [(p.slug(), p.at.text) for p in problems(in_train(f"  loss = {XENT}\n  {setting}"))] == [("bad-setting", wanted)]


@pytest.mark.parametrize("broken", ["digits() -> shuffl -> batch(32)", "nope() -> batch(32)", "digits()"])
def test_the_batch_size_is_no_further_problem_when_the_data_have_one(broken: str) -> None:
    found = problems(in_train(f"  data = {broken}\n  loss = {XENT}\n  optimizer = sgd(0.1 * batch_size / 256)"))
    assert len(found) == 1 and "batch_size" not in found[0].message()


def test_the_batch_size_is_known_when_fields_do_not_fit() -> None:
    spec = LAYERS.replace("8, 8, 1", "9, 8, 1")
    found = problems(in_train(f"  loss = {XENT}\n  optimizer = sgd(0.1 * batch_size / 256)", spec))
    assert [p.slug() for p in found] == ["field-mismatch"]


# --- params and aux --------------------------------------------------------------------------------------------------
def test_penalties_are_inputs_of_the_objective() -> None:
    found = trained(
        f'  loss = {XENT} + 0.1 * l2(params("**/kernel")) + l2(params("**/kernel"))\n  metric size = l1(params("low/*"))', LAYERS
    )
    body = found.objective.body
    assert [p.name for p in body.inputs if p.name.startswith("params.")] == ["params.l2(**/kernel)", "params.l1(low/*)"]
    assert found.objective.penalties["params.l1(low/*)"].paths == ("low/kernel", "low/bias")
    assert len(found.objective.penalties["params.l2(**/kernel)"].paths) == 5
    assert {str(body.types[p.wire]) for p in body.inputs if p.name.startswith("params.") and isinstance(p.wire, int)} == {"f32[]"}


def test_exported_values_have_the_types_of_the_model() -> None:
    lines = (f'  loss = {XENT} + mean(aux("**/size"))', '  metric one = aux("Layer_1/level")', "  optimizer = sgd(0.1)")
    found = plan(*lines)
    types = found.objective.body.input_types()
    assert {n: str(t) for n, t in types.items() if n.startswith("aux.")} == {"aux.**/size": "f32[B]", "aux.Layer_1/level": "f32[]"}
    assert found.objective.auxiliaries["aux.**/size"] == ("Layer_0/size", "Layer_1/size", "Layer_2/size")
    assert [m.per_example for m in found.objective.measurements] == [True, True, False]


def test_what_nobody_uses_is_dropped() -> None:
    unused = ('let a = aux("**/size")', 'let b = l2(params("**"))', f"let c = {XENT}", "let d = exp(logits)")
    lines = "\n  ".join(("", *unused, "loss = perplexity(logits, label) * 1.0"))
    found = trained(lines, LAYERS).objective
    assert (found.auxiliaries, found.penalties) == ({}, {})
    assert [m.op.op_name() for m in found.measurements] == ["perplexity"] and ops(found.body) == []
    assert [p.name for p in found.body.inputs] == ["image", "label", "output.logits"]


@pytest.mark.parametrize(
    ("loss", "slug", "blamed"),
    [
        ('l2(params("**/kernels"))', "pattern-matches-nothing", '"**/kernels"'),
        ("l2(params(3))", "bad-argument", "3"),
        ("l2(params())", "bad-argument", "params()"),
        ('l2(params(pattern="**"))', "bad-argument", '"**"'),
        ('sum(params("**"))', "bad-operands", 'sum(params("**"))'),
        ('params("**") * 2', "bad-operands", 'params("**") * 2'),
        (f'{XENT} + params("**")', "not-a-tensor", 'params("**")'),
        ('params("**")', "loss-not-a-mean", 'params("**")'),
        ('mean(params("**"))', "not-a-tensor", 'params("**")'),
        ('relu(params("**"))', "not-a-tensor", 'params("**")'),
        ('aux("**/sizes")', "no-such-aux", '"**/sizes"'),
        ('aux("**")', "aux-types-differ", '"**"'),
        ("aux(1)", "bad-argument", "1"),
        ('parms("**")', "unknown-name", "parms"),
    ],
)
def test_mistakes_of_patterns(loss: str, slug: str, blamed: str) -> None:
    assert [(p.slug(), p.at.text) for p in problems(in_train(f"  loss = {loss}", LAYERS))] == [(slug, blamed)]


def test_help_with_patterns() -> None:
    [problem] = problems(in_train('  loss = aux("**/sizes")', LAYERS))
    assert problem.help() == "did you mean `**/size`?"
    [problem] = problems(in_train('  loss = aux("*")', LAYERS))
    assert "Layer_0/size" in (problem.help() or "")
    [problem] = problems(in_train('  loss = parms("**")', LAYERS))
    assert problem.help() == "did you mean `params`?"


def test_models_know_neither() -> None:
    spec = LAYERS.replace("-> high: dense(10)", '-> high: dense(10)\n  y = params("**")')
    assert "unknown-name" in [p.slug() for p in problems(in_train(f"  loss = {XENT}", spec))]


@pytest.mark.parametrize(("statement", "slug"), [("aux number = 3", "not-a-tensor"), ("aux low = x", "duplicate-name")])
def test_an_exported_value_is_a_tensor_with_a_name_of_its_own(statement: str, slug: str) -> None:
    spec = LAYERS.replace("  repeat 3", f"  {statement}\n  repeat 3")
    assert [p.slug() for p in problems(in_train(f"  loss = {XENT}", spec))] == [slug]


def test_parameters_are_described() -> None:
    assert describe(Parameters("**/kernel", ("a/kernel",))) == "the parameters `**/kernel`"
