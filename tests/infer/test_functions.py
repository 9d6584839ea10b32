"""Tensor functions as a spec writes them: which op a name means, indices by tensors and lists, element types, patterns, sizes."""

from __future__ import annotations

import numpy as np
import pytest

from netspec.compile import compile
from netspec.ir import Apply, Literal
from netspec.source import Source
from tests.infer.specs import in_model, model, ops, problems, trained

X = np.random.default_rng(0).normal(size=(3, 8)).astype("float32")
SHAPED = """model M {{
  input x: f32[B, T, 8]
  input n: i32[B]
  output y = {0}
  output same = x[:, 0, 0] + cast(n, f32)
}}
"""


def value(expression: str, before: str = "") -> np.ndarray:
    """What a model of one input computes."""
    program = compile(Source("m.net", "netspec 1\n" + in_model(f"{before}\n  output y = {expression}")))
    return np.asarray(program.apply(program.init(0), x=X)["y"])


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("sum(x, axis=-1)", X.sum(-1)),
        ("max(x, axis=-1, keepdims=true)", X.max(-1, keepdims=True)),
        ("x -> min(axis=1)", X.min(1)),
        ("x -> floor", np.floor(X)),
        ("sum([x, 2 * x, 1.0])", 3 * X + 1),
        ("max([x, 0.0, -x])", np.abs(X)),
        ("x * sum([1, 2])", 3 * X),
        ("x * floor(2.5)", 2 * X),
        ("mean(x)", X.mean()),
        ("where(x > 0, x, 0.0)", np.maximum(X, 0)),
        ("where(x > 0, 1, 0)", (X > 0).astype(int)),
        ("maximum(x, 0)", np.maximum(X, 0)),
        ("x -> clip(low=-0.5, high=0.5)", np.clip(X, -0.5, 0.5)),
        ("cast(x > 0, f32)", (X > 0).astype("float32")),
        ("iota(8) + 1", np.arange(8) + 1),
        ("zeros([B, 2])", np.zeros((3, 2))),
        ("full([B], 0.5) + ones([B])", np.full(3, 1.5)),
        ('x -> rearrange("b (h d) -> h b d", h=2)', X.reshape(3, 2, 4).transpose(1, 0, 2)),
        ('einsum("bi,bi->b", x, x)', (X * X).sum(1)),
        ('x -> einsum("bi,bj->ij", x)', X.T @ X),
        ("concat([x, x[:, :2]])", np.concatenate([X, X[:, :2]], 1)),
        ("stack(x, x, axis=1)", np.stack([X, X], 1)),
        ("x -> flip(axis=1)", X[:, ::-1]),
        ("x -> pad([0, [1, 0]], value=7)", np.pad(X, [(0, 0), (1, 0)], constant_values=7)),
    ],
)
def test_value(expression: str, wanted: np.ndarray) -> None:
    found = value(expression)
    assert found.shape == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, 1e-5, 1e-6)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("x[:, [0, -1]]", X[:, [0, -1]]),
        ("x[..., [2]]", X[..., [2]]),
        ("x[:, i]", X[:, [1, 3, 5]]),
        ("x[None, :, i]", X[None][:, :, [1, 3, 5]]),
        ("x[:2, i]", X[:2][:, [1, 3, 5]]),
        ("x[..., i, None]", X[:, [1, 3, 5]][..., None]),
        ("x[:, None, i]", X[:, None][:, :, [1, 3, 5]]),
        ("gather(x, i, axis=1)", X[:, [1, 3, 5]]),
        ("take(x, [4, 0], axis=1)", X[:, [4, 0]]),
    ],
)
def test_indices(expression: str, wanted: np.ndarray) -> None:
    clipped = "" if "[:2" not in expression else "  dim B >= 2"
    np.testing.assert_array_equal(value(expression, f"{clipped}\n  i = 2 * iota(3) + 1"), wanted)


def test_a_static_function_of_a_tensor_is_evaluated_once() -> None:
    assert ops(model(in_model("output y = sum(x -> dense(4), axis=-1)"))) == ["dense", "sum"]
    assert ops(model(in_model("a = x -> first: dense(4)\n  output y = max(a -> second: dense(2), axis=-1)"))) == ["dense", "dense", "max"]


def test_two_numbers_stay_literals() -> None:
    node = model(in_model("output y = where(x > 0, 1.0, -inf)")).nodes[-1]
    assert isinstance(node, Apply) and node.inputs[1:] == (Literal(1.0), Literal(float("-inf")))


def test_results_that_depend_on_arguments() -> None:
    body = model(in_model("a, b, c = split(x, [1, 3, 4])\n  best, _ = top_k(c, 2)\n  output y = concat(a, b, best)"))
    assert str(body.output_types()["y"]) == "f32[B, 6]"


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ('x -> rearrange("b t (h d) -> b h t d", h=2)', "f32[B, 2, T, 4]"),
        ('x -> rearrange("b t d -> (b t) d")', "f32[B*T, 8]"),
        ('x -> repeat("b t d -> b (t n) d", n=T)', "f32[B, T**2, 8]"),
        ('x -> reduce("b t d -> b d", "mean")', "f32[B, 8]"),
        ('einsum("btd,bsd->bts", x, x)', "f32[B, T, T]"),
        ("x[iota(B), n]", "f32[B, 8]"),
        ("iota(T)", "i32[T]"),
        ("one_hot(n, T)", "f32[B, T]"),
        ("segment_mean(x, n, segments=T)", "f32[T, T, 8]"),
        ("random_normal([B, T])", "f32[B, T]"),
        ("random_bernoulli(0.5, [B, T])", "bool[B, T]"),
        ("argmax(x, axis=-1)", "i32[B, T]"),
        ("sum(x > 0, axis=[1, 2])", "i32[B]"),
        ("x -> tile([1, 2, 1])", "f32[B, 2*T, 8]"),
        ("stack([x, x], axis=-1)", "f32[B, T, 8, 2]"),
    ],
)
def test_symbolic_sizes(expression: str, wanted: str) -> None:
    found = str(model(SHAPED.format(expression)).output_types()["y"])
    assert found.replace(" ", "") == wanted.replace(" ", "")


@pytest.mark.parametrize(
    ("expression", "slug"),
    [
        ("concat([x, 1])", "not-a-tensor"),
        ("concat([])", "missing-input"),
        ("exp(2.0)", "not-a-tensor"),
        ('x -> rearrange("b t (h d) -> b h t d", h=0)', "bad-argument"),
        ('x -> rearrange("b t (h d) -> b h t d", h=n)', "bad-argument"),
        ('x -> rearrange("b (t s) d -> b t s d", s=2)', "unproven-size"),
        ("x[[0, 1], n]", "unproven-size"),
        ("x[n]", "picks-rows-of-the-batch"),
        ("x[x]", "bad-operands"),
        ("x[:, :, [8]]", "index-outside-axis"),
        ("x[[]]", "bad-operands"),
        ("cast(x, i64)", "unknown-name"),
        ("f32(x)", "unknown-name"),
        ("f32", "not-a-tensor"),
        ("zeros", "missing-argument"),
        ("where(true, x, x)", "not-a-tensor"),
        ("where(n > 0, x, x)", "unproven-size"),
        ("iota(T - 1)", "unproven-size"),
        ("sum(x, axis=[0, 0])", "repeated-axis"),
        ("sum([x, x], axis=0)", "unknown-argument"),
        ("len(x)", "bad-operands"),
    ],
)
def test_problems(expression: str, slug: str) -> None:
    assert [p.slug() for p in problems(SHAPED.format(expression))] == [slug]


def test_mean_is_a_metric_in_training_and_a_function_with_an_axis() -> None:
    settings = """  let wide = mean(square(logits), axis=-1)
  loss = softmax_cross_entropy(logits, label) + mean(wide)
  metric whole = mean(logits)
  metric rows = mean(logits, axis=-1)
  metric chained = logits -> mean(axis=1)
"""
    objective = trained(settings).objective
    assert [node.op.kind for node in objective.body.nodes if isinstance(node, Apply) and node.op.op_name() == "mean"] == ["function"] * 3
    assert [m.op.op_name() for m in objective.measurements] == ["softmax_cross_entropy", "mean", "mean", "mean", "mean"]
    assert all(m.per_example for m in objective.measurements)


def test_draws_differ_between_examples_and_uses() -> None:
    rows = value("concat([random_normal([B, 4]), random_normal([B, 4])])")
    assert len(np.unique(rows)) == rows.size


def test_dims_of_the_model_are_sizes_in_training() -> None:
    spec = "model M {\n  input image: f32[N, 8, 8, 1]\n  output logits = image -> flatten -> dense(10)\n}\n"
    settings = "  let noise = zeros([N, 10]) + cast(iota(N), f32)[:, None]\n  loss = softmax_cross_entropy(logits + noise, label)\n"
    types = trained(settings, spec).objective.body.types.values()
    assert "i32[B]" in map(str, types) and "f32[B, 10]" in map(str, types)
