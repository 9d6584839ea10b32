"""Logical paths and stored leaves: names, stacking, and pack and unpack as exact inverses."""

from __future__ import annotations

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.weights import WeightsMismatch
from netspec.ir import Affine, Segment
from netspec.library.layers.dense import Dense
from netspec.lower.initial_values import initialise
from netspec.lower.layout import Layout
from netspec.lower.path_tree import flatten, nest
from netspec.lower.segment_names import template
from tests.lower.build import Builder
from tests.lower.models import deep


def nested() -> Layout:
    """Two repeats inside each other, with uses of `dense` before, between and after them."""
    b = Builder()
    x = b.op(Dense(features=4), b.input("x", "f32[B, 4]"))

    def outer(h: int, i: int) -> int:
        h = b.op(Dense(features=4), h)
        return b.repeat(3, h, lambda g, j: b.op(Dense(features=4), g))

    return Layout.of(b.body(y=b.op(Dense(features=2), b.repeat(2, x, outer))))


def test_ranges_in_stored_names() -> None:
    assert template(Segment("conv", (Affine(3),)), ()) == "conv_3"
    assert template(Segment("conv", (Affine(1, (2,)),)), (4,)) == "conv_{1:9:2}"
    assert template(Segment("stem"), (4,)) == "stem"
    assert template(Segment("dense", (Affine(2, (4, 1)),)), (2, 3)) == "dense_{2:10:4+0:3}"


def test_a_leaf_of_nested_repeats_has_an_axis_for_each() -> None:
    layout = nested()
    assert {key: s.shape for key, s in layout.params.items() if key.endswith("kernel")} == {
        "dense_0/kernel": (4, 4),
        "dense_{1:9:4}/kernel": (2, 4, 4),
        "dense_{2:10:4+0:3}/kernel": (2, 3, 4, 4),
        "dense_9/kernel": (4, 2),
    }


def test_logical_paths_count_uses_in_expanded_order() -> None:
    paths = sorted({p for s in nested().params.values() for p in s.paths if p.endswith("kernel")})
    assert paths == [f"dense_{k}/kernel" for k in range(10)]
    assert nested().params["dense_{2:10:4+0:3}/kernel"].paths == tuple(f"dense_{k}/kernel" for k in (2, 3, 4, 6, 7, 8))


def test_a_shared_layer_is_one_leaf_wherever_it_is_used() -> None:
    b = Builder()
    shared = Dense(features=4)
    x = b.op(shared, b.input("x", "f32[B, 4]"), label="tied", shared=True)
    x = b.repeat(3, x, lambda h, i: b.op(shared, h, label="tied", shared=True))
    layout = Layout.of(b.body(y=x))
    assert {key: s.shape for key, s in layout.params.items()} == {"tied/kernel": (4, 4), "tied/bias": (4,)}


def test_leaves_say_what_they_stack() -> None:
    leaf = Layout.of(deep(5)).leaves()["Block_{0:5}/dense_0/kernel"]
    assert leaf.stacked == 1
    assert leaf.paths == tuple(f"Block_{i}/dense_0/kernel" for i in range(5))


@pytest.mark.parametrize("layout", [nested(), Layout.of(deep(5))])
def test_pack_and_unpack_are_inverses(layout: Layout) -> None:
    stored = initialise(layout, 3)
    again = layout.pack(layout.unpack(stored))
    for name in ("params", "buffers"):
        assert stored[name].keys() == again[name].keys()
        for key, leaf in stored[name].items():
            np.testing.assert_array_equal(leaf, again[name][key])
            assert leaf.dtype == again[name][key].dtype


def test_unpacked_trees_are_plain_dicts_by_path() -> None:
    tree = Layout.of(deep(2)).unpack(initialise(Layout.of(deep(2)), 0))
    assert list(tree) == ["params", "buffers"]
    assert tree["params"]["Block_1"]["dense_0"]["kernel"].shape == (6, 6)
    assert tree["buffers"]["Block_1"]["batch_norm_0"]["var"].shape == (6,)


def test_every_difference_is_listed() -> None:
    layout = Layout.of(deep(2))
    tree = layout.unpack(initialise(layout, 0))
    tree["params"]["dense_0"] = {"kernel": np.zeros((4, 7)), "Bias": np.zeros(6)}
    with pytest.raises(Mistake) as caught:
        layout.pack(tree)
    found = caught.value.diagnostic
    assert isinstance(found, WeightsMismatch)
    assert (found.missing, found.extra) == (("dense_0/bias",), ("dense_0/Bias",))
    assert found.misshaped == (("dense_0/kernel", (4, 6), (4, 7)),)
    assert found.message() == (
        "the weights do not fit the model: missing dense_0/bias; unknown dense_0/Bias; dense_0/kernel is [4, 7] instead of [4, 6]."
    )
    assert found.help() == "`dense_0/Bias` may be `dense_0/bias`"


def test_an_unknown_collection_is_a_difference() -> None:
    layout = Layout.of(deep(2))
    with pytest.raises(Mistake, match="unknown batch_stats"):
        layout.pack({**layout.unpack(initialise(layout, 0)), "batch_stats": {}})


def test_nested_and_flat_dicts() -> None:
    flat = {"a/b": 1, "a/c/d": 2, "e": 3}
    assert flatten(nest(flat)) == flat
    assert nest(flat) == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
