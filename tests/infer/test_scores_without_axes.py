"""Masks and biases of attention that leave axes out: they mean the whole ones that they stretch to, for both in the same way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netspec.compile import check, compile
from netspec.ir.verify import verify_all
from netspec.source import Source

SIZES = {"B": 2, "W": 5, "T": 4}
FORMS = {
    "W, 3, T, T": "[none]",
    "3, T, T": "[none, none]",
    "T, T": "[none, none, none]",
    "W, T, T": "[none, :, none]",
    "B, W, T": "[:, :, none, none]",
}
FORMS |= {"B, W, T, T": "[:, :, none]", "B, W, 3, T, T": "", "B, 1, 1, 1, T": ""}
"""Shapes beside scores of [B, W, 3, T, T], and what makes them whole."""
KINDS = {"mask": "bool", "score_bias": "f32"}


def outputs(ports: str, statement: str, **inputs: Any) -> Any:
    text = f"netspec 1\nmodel M {{\n  input x: f32[B, W, T, 6]\n{ports}  output y = {statement}\n}}\n"
    model = compile(Source("m.net", text))
    assert model.typed is not None
    verify_all(model.typed)
    return model.apply(model.init(3), **inputs)["y"]


@pytest.mark.parametrize("name", KINDS)
def test_both_take_the_same_shapes(name: str) -> None:
    rng, sizes = np.random.default_rng(0), {**SIZES, "3": 3, "1": 1}
    x = rng.normal(size=(2, 5, 4, 6)).astype("float32")
    for form, whole in FORMS.items():
        shape = [sizes[n] for n in form.split(", ")]
        given = rng.random(shape) < 0.6 if name == "mask" else rng.normal(size=shape).astype("float32")
        port = f"  input m: {KINDS[name]}[{form}]\n"
        found = outputs(port, f"x -> self_attention(3, {name}=m)", x=x, m=given)
        wanted = outputs(port, f"x -> self_attention(3, {name}=m{whole})", x=x, m=given)
        np.testing.assert_array_equal(found, wanted, err_msg=form)


@pytest.mark.parametrize(("name", "whole"), [("mask", "m[:, none]"), ("score_bias", "m[none]")])
def test_where_both_fit_a_bias_is_one_for_each_head_and_a_mask_one_for_each_example(name: str, whole: str) -> None:
    rng = np.random.default_rng(1)
    x, m = rng.normal(size=(3, 4, 6)).astype("float32"), rng.normal(size=(3, 4, 4)).astype("float32")
    given = {"x": x, "m": m if name == "score_bias" else m > 0}
    made = []
    for value in ("m", whole):
        ports = f"  input x: f32[3, 4, 6]\n  input m: {KINDS[name]}[3, 4, 4]\n"
        text = f"netspec 1\nmodel M {{\n{ports}  output y = x -> self_attention(3, {name}={value})\n}}\n"
        model = compile(Source("m.net", text))
        made.append(model.apply(model.init(3), **given)["y"])
    np.testing.assert_array_equal(*made)


def test_other_shapes_are_refused_as_ever() -> None:
    found = {"4, T, T": "unfit-shape", "S, T": "unfit-shape", "T": "wrong-rank", "B, W, 3, T, S": "unproven-size"}
    for form, slug in found.items():
        ports = f"  input x: f32[B, W, T, 6]\n  input m: f32[{form}]\n"
        text = f"netspec 1\nmodel M {{\n{ports}  output y = x -> self_attention(3, score_bias=m)\n}}\n"
        assert [p.slug() for p in check(Source("m.net", text)).problems] == [slug], form


def test_a_lone_query_axis_generates() -> None:
    """A bias of the places alone is cut with the queries, step by step."""
    text = """netspec 1
model M {
  input tokens: i32[B, T]
  p = cast(iota(T), f32)
  x = tokens -> embed(11, 8)
  x = x + (x -> self_attention(2, causal=true, score_bias=0.3 * (p[none] - p[:, none])))
  output logits = x -> dense(11)
}
serve M { tokens = greedy(logits, start=2, stop=1, limit=5) }
"""
    assert check(Source("m.net", text)).problems == ()
