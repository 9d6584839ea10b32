"""Calls and sections in detail."""

from __future__ import annotations

import pytest

from netspec.ir import Call, Variable
from tests.infer.elaborated import said
from tests.infer.specs import DIGITS, body, in_model, in_train, model, op, ops, problems


def test_a_shared_name_is_a_layer_without_inputs() -> None:
    assert said(in_model("  shared f = 3\n  output y = x -> f")) == [("not-static", "3")]
    assert ("not-static", "x -> dense(8)") in said(in_model("  shared f = x -> dense(8)\n  output y = x -> f"))
    assert said(in_model("  shared f = denze(8)\n  output y = x -> f")) == [("unknown-name", "denze")], "one problem, not two"
    assert said(in_model("  shared f = dense(8)\n  output y = f + x")) == [("not-a-tensor", "f")]


PAIR = "block Pair {\n  param inner: layer = relu\n  input a: f32[B, D]\n  input b: f32[B, D]\n  output a - (b -> inner)\n}\n"


@pytest.mark.parametrize(
    ("call", "inputs"),
    [("x -> Pair(z)", (0, 1)), ("z -> Pair(x)", (1, 0)), ("z -> Pair(x, tanh)", (1, 0)), ("x -> Pair(z, inner=tanh)", (0, 1))],
)
def test_what_the_chain_left_open_comes_first(call: str, inputs: tuple[int, int]) -> None:
    found = model(f"{PAIR}model M {{\n  input x: f32[B, 8]\n  input z: f32[B, 8]\n  output y = {call}\n}}\n")
    [use] = [n for n in found.nodes if isinstance(n, Call)]
    assert use.inputs == inputs and ops(use.body) == ["tanh" if "tanh" in call else "relu", "subtract"]


@pytest.mark.parametrize("name", ["dens", "3"])
def test_a_layer_argument_is_a_layer(name: str) -> None:
    found = problems(f"{PAIR}model M {{\n  input x: f32[B, 8]\n  output y = Pair(x, x, inner={name})\n}}\n")
    assert len(found) == 1 and found[0].at.text == name


def test_methods_belong_to_instances() -> None:
    assert said(in_model("  shared f = dense(8)\n  output y = x -> f.nothing")) == [("unknown-method", "f.nothing")]
    assert said(in_model("  output y = x -> relu.nothing"))[0][0] == "unknown-name"


@pytest.mark.parametrize(
    ("call", "words", "message"),
    [
        ("batch_norm(epsilon=-1)", "-1", "a number of at least 0"),
        ("dropout(2)", "2", "a number of at most 1"),
        ("dense(0.5)", "0.5", "a whole number"),
        ("dense(-1)", "-1", "a whole number above 0"),
        ("dense(8, kernel_init=relu)", "relu", "an initializer"),
        ("dense(8, kernel_init=3)", "3", "an initializer"),
        ("dense(8, bias=1)", "1", "`bias`"),
    ],
)
def test_arguments_of_the_wrong_kind(call: str, words: str, message: str) -> None:
    [problem] = problems(in_model(f"  output y = x -> {call}"))
    assert (problem.slug(), problem.at.text) == ("bad-argument", words) and message in problem.message()
    assert ("whole number" in problem.message()) == ("whole number" in message)


def test_initializers_are_found_among_names_of_other_kinds() -> None:
    found = op(body("  output y = x -> dense(8, kernel_init=zeros, bias_init=normal(0.02))"))
    assert (found.kernel_init.op_name(), found.bias_init.op_name(), found.bias_init.stddev) == ("zeros", "normal", 0.02)


@pytest.mark.parametrize(
    ("chain", "words", "message"),
    [
        ("digits() -> shuffle -> batch(8) -> shuffle", "shuffle", "a second `shuffle`"),
        ("digits() -> batch(8) -> shuffle -> batch(16)", "batch(16)", "a second `batch`"),
        ("digits() -> shuffle", "digits() -> shuffle", "no `batch`"),
    ],
)
def test_data_chains(chain: str, words: str, message: str) -> None:
    text = in_train(f"  loss = softmax_cross_entropy(logits, label)\n  data = {chain}")
    [problem] = [p for p in problems(text) if p.slug() == "not-a-data-chain"]
    assert problem.at.text == words and message in problem.message()
    at = text.index(f"data = {chain}") + len("data = ") + chain.rindex(words) + len("netspec 1\n")
    assert problem.at.start == at, "the second one is blamed"


@pytest.mark.parametrize(
    ("claim", "slug", "words"),
    [
        ("flops <= 1k at Q=1", "unknown-name", "Q"),
        ("flops <= 1 at B=1", "expect-failed", "flops <= 1 at B=1"),
        ("flops <= 2k at B=0", "size-out-of-range", "0"),
        ("params == 651", "expect-failed", "params == 651"),
        ("logits: f32[B, 11]", "type-mismatch", "f32[B, 11]"),
    ],
)
def test_claims_that_fail(claim: str, slug: str, words: str) -> None:
    [problem] = problems(f"{DIGITS}expect M {{ {claim} }}\n")
    assert problem.at.text == words and (problem.slug() == slug or slug == "type-mismatch")


def test_claims_that_hold() -> None:
    assert problems(f"{DIGITS}expect M {{ flops <= 1_290 at B=1; flops == 2_580 at B=2; params == 650; logits: f32[B, 10] }}\n") == ()


def test_requirements() -> None:
    assert problems(in_model('  require B > 1, "no {B}"\n  output y = x')) == ()
    [problem] = problems(in_model('  require 8 > 9, "no {B}"\n  output y = x'))
    assert (problem.slug(), problem.at.text, problem.message()) == ("require-failed", "8 > 9", "no B")


@pytest.mark.parametrize(
    ("settings", "slugs"),
    [
        ("seed = 4294967295", []),
        ("seed = 0", []),
        ("seed = 4294967296", ["bad-setting"]),
        ("seed = -1", ["bad-setting"]),
        ("seed = true", ["bad-setting"]),
        ("eval { every = 1 epoch; limit = 1 steps }", []),
        ("eval { every = 1 epoch; limit = 1 }", []),
        ("eval { every = 1 epoch; limit = 0 }", ["bad-setting"]),
        ("eval { every = 1 epoch; limit = 2 epochs }", ["bad-setting"]),
        ("checkpoint { every = 1 steps; keep = 1 }", []),
        ("checkpoint { every = 1 steps; keep = 0 }", ["bad-setting"]),
    ],
)
def test_the_ends_of_what_settings_take(settings: str, slugs: list[str]) -> None:
    found = problems(in_train(f"  loss = softmax_cross_entropy(logits, label)\n  {settings}"))
    assert [p.slug() for p in found] == slugs


def test_one_instance_may_be_used_twice_under_a_numbered_name() -> None:
    assert problems(in_model("  shared dense_0 = dense(8)\n  output y = x -> dense_0 -> dense_0 -> relu")) == ()
    assert [p.slug() for p in problems(in_model("  output y = x -> dense_0: dense(8) -> dense(8)"))] == ["duplicate-name"]


@pytest.mark.parametrize(
    ("type_", "given", "wanted"),
    [("layer", "3", "a layer"), ("initializer", "3", "an initializer"), ("bool", "3", "true or false"), ("int", "0.5", "a whole number")],
)
def test_what_a_param_takes(type_: str, given: str, wanted: str) -> None:
    spec = f"block Of {{\n  param p: {type_}\n  input x: f32[B, D]\n  output x -> relu\n}}\n"
    [problem] = [p for p in problems(spec + in_model(f"  output y = x -> Of({given})")) if p.severity == "error"]
    assert problem.at.text == given and wanted in problem.message()


@pytest.mark.parametrize("start", ["start=zeros", "zeros", "start=normal(0.1)", "start=ones"])
def test_an_initializer_as_a_param_wherever_its_name_means_more(start: str) -> None:
    spec = "block Shift {\n  param start: initializer\n  input x: f32[B, D]\n  weight by: f32[D] = start\n  output x + by\n}\n"
    found = model(spec + in_model(f"  output y = x -> Shift({start})"))
    [weight] = [n for n in found.nodes[0].body.nodes if isinstance(n, Variable)]  # type: ignore[union-attr]
    assert weight.weight.init.op_name() == start.removeprefix("start=").split("(")[0]
