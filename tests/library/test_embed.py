"""Embeddings and linear maps of several axes beside flax; methods of shared instances in specs."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

import netspec
from netspec.cost import cost
from netspec.ir import Apply
from netspec.ir.verify import verify
from netspec.library.layers.dense import Dense
from netspec.library.layers.embed import Embed, EmbedAttend
from netspec.library.layers.rope import Rope
from netspec.library.shelf import index
from netspec.lower.layout import Layout
from netspec.source import Source
from tests.library.scope import TestScope, applied, draw, parse
from tests.library.test_flax import compare, same, values

TIED = """netspec 1
model Tied {
  input tokens: i32[B, T]
  shared e = embed(50, 8, init=normal(0.5))
  x = tokens -> e
  h = e(tokens) + x
  output logits = h -> dense(8) -> e.attend
}
"""


def test_embed_is_flax_s() -> None:
    ids, module = np.array([[3, 0, 3], [6, 1, 2]]), nn.Embed(7, 5)
    x, params = values(2, 5), {"embedding": values(7, 5)}

    def mine(p: Any, x: Any) -> Any:
        rows = applied(Embed(vocab=7, features=5), TestScope(p), ids)
        return jnp.concatenate([rows.reshape(-1), applied(EmbedAttend(vocab=7, features=5), TestScope(p), x).reshape(-1)])

    def theirs(p: Any, x: Any) -> Any:
        rows, logits = module.apply({"params": p}, ids), module.apply({"params": p}, x, method="attend")
        return jnp.concatenate([rows.reshape(-1), logits.reshape(-1)])

    same((jax.jit(mine), jax.jit(theirs)), params, x)


def test_numbers_outside_the_vocabulary_are_seen() -> None:
    rows = applied(Embed(vocab=7, features=5), TestScope({"embedding": values(7, 5)}), jnp.array([6, 7]))
    assert np.isfinite(rows[0]).all() and np.isnan(rows[1]).all()


def test_first_embedding_has_flax_s_spread() -> None:
    weight = Embed(vocab=4000, features=64).params(parse("i32[3]"))["embedding"]
    value = draw(weight, np.random.default_rng(0))
    np.testing.assert_allclose([value.mean(), value.std()], [0, 1 / 8], 0.02, 1e-3)
    assert np.abs(value).max() > 3.5 / 8, "not cut at two deviations"


GENERAL = [
    ((2, 3, 6), (4, 5), -1, True),
    ((2, 3, 6), 4, (-2, -1), False),
    ((2, 3, 4, 6), (2, 5), (1, 3), True),
    ((2, 3, 6), (2, 2, 2), (0,), True),
]


@pytest.mark.parametrize(("shape", "features", "axis", "bias"), GENERAL)
def test_dense_over_axes_is_flax_s(shape: tuple[int, ...], features: Any, axis: Any, bias: bool) -> None:
    compare(Dense(features=features, axis=axis, bias=bias), nn.DenseGeneral(features, axis, use_bias=bias), *shape)


def test_dense_over_axes_starts_with_one_matrix_s_fans() -> None:
    weight = Dense(features=(8, 16), axis=(-2, -1)).params(parse("f32[2, 4, 6]"))["kernel"]
    assert weight.shape == (4, 6, 8, 16) and weight.fan == (24, 128)


def check(text: str) -> Any:
    return netspec.check(Source("m.net", text))


def slugs(text: str) -> list[str]:
    return [problem.slug() for problem in check(text).problems if problem.severity == "error"]


def test_uses_of_a_shared_instance_have_one_segment() -> None:
    checked = check(TIED)
    assert checked.problems == ()
    body = checked.typed.models["Tied"]
    verify(body)
    uses = [node for node in body.nodes if isinstance(node, Apply) and node.segment.base == "e"]
    assert [type(node.op) for node in uses] == [Embed, Embed, EmbedAttend]
    assert len({node.segment for node in uses}) == 1 and all(node.shared for node in uses)
    assert cost(body)[0] == 50 * 8 + 8 * 8 + 8
    assert list(Layout.of(body).params) == ["e/embedding", "dense_0/kernel", "dense_0/bias"]


def test_both_uses_read_the_same_weights() -> None:
    model = netspec.compile(Source("m.net", TIED))
    ids = np.array([[3, 0, 49]], np.int32)
    tree = {"e": {"embedding": values(50, 8)}, "dense_0": {"kernel": values(8, 8, seed=1), "bias": values(8, seed=2)}}
    found = model.apply(model.pack({"params": tree}), tokens=ids)["logits"]
    table = tree["e"]["embedding"]
    wanted = (2 * table[ids] @ tree["dense_0"]["kernel"] + tree["dense_0"]["bias"]) @ table.T
    np.testing.assert_allclose(found, wanted, 1e-4, 1e-4)


def test_a_parameter_s_slash_nests() -> None:
    """Leaf names with a slash become nested dicts, inside a repeat too."""
    text = "netspec 1\nmodel M {\n  input x: f32[B, T, 8]\n  repeat 3 { x = x -> self_attention(2) }\n  output y = x\n}\n"
    program = netspec.compile(Source("m.net", text))
    tree = program.unpack(program.pack(program.unpack(program.init(0))))["params"]
    assert sorted(tree) == ["self_attention_0", "self_attention_1", "self_attention_2"]
    assert {name: sorted(leaf) for name, leaf in tree["self_attention_1"].items()} == dict.fromkeys(
        ("query", "key", "value", "out"), ["bias", "kernel"]
    )
    assert tree["self_attention_2"]["query"]["kernel"].shape == (8, 2, 4)


WRONG = [
    ("x -> e.atend", "unknown-method"),
    ("x -> e.attend.more", "unknown-method"),
    ("x -> d.attend", "unknown-method"),
    ("x -> x.attend", "not-callable"),
    ("x -> embed.attend(50, 8)", "method-needs-instance"),
    ("x -> e.attend(50)", "too-many-arguments"),
    ("x -> dense(4) -> e.attend", "unequal-features"),
    ("tokens -> e.attend", "wrong-dtype"),
]


@pytest.mark.parametrize(("chain", "slug"), WRONG)
def test_wrong_methods(chain: str, slug: str) -> None:
    text = TIED.replace("  h = e(tokens) + x\n", "  shared d = dense(8)\n  h = x -> d\n  y = h\n")
    assert slugs(text.replace("h -> dense(8) -> e.attend", chain)) == [slug]


def test_the_nearest_method_is_the_repair() -> None:
    (problem,) = check(TIED.replace("e.attend", "e.atend")).problems
    assert [edit.text for edit in problem.edits()] == ["e.attend"]
    assert "`e.attend`" in (problem.help() or "")


def test_a_stage_takes_an_open_input_first() -> None:
    """`x -> f(a)` is `f(x, a)`."""
    body = "model M {{\n  input x: f32[B, T, 2, 8]\n  input p: i32[T]\n  output y = {}\n}}\n"
    forms = ("x -> rope(p, theta=5.0)", "x -> rope(position=p, theta=5.0)", "rope(x, p, theta=5.0)", "x -> rope(p, 5.0)")
    for form in forms:
        checked = check("netspec 1\n" + body.format(form))
        assert checked.problems == ()
        (node,) = checked.typed.models["M"].nodes
        assert node.op == Rope(theta=5.0) and len(node.inputs) == 2
    assert slugs("netspec 1\n" + body.format("x -> rope(5.0)")) == ["missing-input"]


def test_method_is_in_the_index() -> None:
    entry = index.lookup("embed.attend", "method")
    assert entry is not None and index.load(entry) is EmbedAttend
    assert [a.name for a in entry.signature] == list(Embed.arguments()), "a method is made with the layer's arguments"
