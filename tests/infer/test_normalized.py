"""Layers that stand around a layer, and initial values with places of their own, as specs write them."""

from __future__ import annotations

import pytest

from tests.infer.elaborated import said
from tests.infer.specs import in_model, model


@pytest.mark.parametrize(
    ("expression", "slug", "place"),
    [
        ("weight_norm(relu)", "nothing-to-normalize", "relu"),
        ("weight_norm(layer_norm)", "nothing-to-normalize", "layer_norm"),
        ("spectral_norm(weight_norm(dense(3)))", "nothing-to-normalize", "weight_norm(dense(3))"),
        ("weight_norm(dense)", "missing-argument", "dense"),
        ("weight_norm(dense(3), axis=2)", "axis-out-of-range", "2"),
        ("weight_norm(conv(3, 3))", "wrong-rank", "weight_norm(conv(3, 3))"),
        ("layer_norm(axis=[1, -1])", "repeated-axis", "[1, -1]"),
        ("group_norm(group_size=3)", "uneven-group-size", "3"),
    ],
)
def test_what_is_refused_is_shown_at_its_place(expression: str, slug: str, place: str) -> None:
    assert said(in_model(f"  output y = x -> {expression}")) == [(slug, place)]


def test_a_block_has_no_kernel_of_its_own() -> None:
    text = "block Two {\n  input x: f32[B, 8]\n  output x -> dense(2)\n}\nmodel M {\n  input x: f32[B, 8]\n"
    assert said(text + "  output y = x -> weight_norm(Two)\n}\n") == [("nothing-to-normalize", "Two")]


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("weight w: f32[3] = from_values([1, 2])", "from_values([1, 2])"),
        ("weight w: f32[3, 5, 4] = delta_orthogonal", "delta_orthogonal"),
        ("weight w: f32[] = orthogonal", "orthogonal"),
        ("buffer w: f32[2] = from_values([[1], [2], [3]])", "from_values([[1], [2], [3]])"),
    ],
)
def test_a_weight_that_its_initial_value_cannot_fill(statement: str, value: str) -> None:
    assert said(in_model(f"  {statement}\n  output y = x + 0 * sum(w)")) == [("initializer-does-not-fit", value)]


def test_the_layer_inside_takes_sizes_of_its_block() -> None:
    text = "block Wide {\n  param n: int\n  input x: f32[B, D]\n  output x -> weight_norm(dense(n * D)) -> spectral_norm(dense(D))\n}\n"
    found = model(f"{text}model M {{\n  input x: f32[B, 8]\n  output y = x -> Wide(3)\n}}\n")
    assert str(found.output_types()["y"]) == "f32[B, 8]"
