"""Random numbers depend on seed, step, path, iteration and example, and on nothing else."""

from __future__ import annotations

from typing import Any, Literal

import jax
import numpy as np
import pytest

from netspec.kernels.choice import Chooser
from netspec.kernels.random_bits import random_bits
from netspec.library.layers.dropout import Dropout, DropPath, GaussianNoise, SpatialDropout
from netspec.lower.layout import Layout
from netspec.lower.random_draws import draw_key, path_hash, step_key
from tests.lower.build import Builder
from tests.lower.models import deep, program

HALF = Dropout(rate=0.5)


def draw(kind: Literal["uniform", "normal"], key: Any, shape: tuple[int, ...], examples: Any) -> Any:
    return random_bits(Chooser().at("", differentiated=False), key, examples, shape=shape, kind=kind)


def masks(
    x: np.ndarray, *, step: int = 0, first: int = 0, seed: int = 0, labels: tuple[str, ...] = ("a",), op: Any = HALF
) -> list[np.ndarray]:
    """What dropout, or another op that draws, does to x at each label in training."""
    b = Builder("Masks")
    wire = b.input("x", f"f32[B, {x.shape[1]}]")
    model = b.body(**{label: b.op(op, wire, label=label) for label in labels})
    p = program(deep(2))
    forward = type(p._forward)(model, Layout.of(model), p._precision, p._forward.choose, seed)
    outputs, _ = forward("train", {}, {}, {"x": x}, step=step, first=first)
    return [np.asarray(outputs[label]) for label in labels]


ONES = np.ones((8, 16), np.float32)


def test_steps_seeds_and_paths_give_other_masks() -> None:
    seen = [masks(ONES)[0], masks(ONES, step=1)[0], masks(ONES, seed=1)[0], masks(ONES, labels=("b",))[0]]
    assert len({m.tobytes() for m in seen}) == 4
    np.testing.assert_array_equal(seen[0], masks(ONES)[0])


def test_an_added_layer_leaves_the_other_masks_alone() -> None:
    np.testing.assert_array_equal(masks(ONES)[0], masks(ONES, labels=("b", "a"))[1])


DRAWING = [HALF, Dropout(rate=0.5, broadcast_axes=1), SpatialDropout(rate=0.5), DropPath(rate=0.5), GaussianNoise(stddev=1)]


@pytest.mark.parametrize("op", DRAWING, ids=lambda op: op.op_name())
def test_an_example_draws_by_its_global_index(op: Any) -> None:
    whole = masks(ONES, op=op)[0]
    halves = [masks(ONES[:4], op=op)[0], masks(ONES[4:], first=4, op=op)[0]]
    np.testing.assert_array_equal(whole, np.concatenate(halves))
    assert len(np.unique(whole, axis=0)) > 1


def test_a_mask_that_examples_share_is_the_same_for_all() -> None:
    whole = masks(ONES, op=Dropout(rate=0.5, broadcast_axes=0))[0]
    halves = [masks(ONES[:4], first=first, op=Dropout(rate=0.5, broadcast_axes=0))[0] for first in (0, 4)]
    np.testing.assert_array_equal(whole, np.concatenate(halves))
    assert len(np.unique(whole, axis=0)) == 1 and len(np.unique(whole)) == 2


def test_shapes_without_the_batch_draw_as_one() -> None:
    key = step_key(0, 0)
    examples = np.arange(8, dtype=np.uint32)
    assert draw("uniform", key, (3, 8), examples).shape == (3, 8)
    assert draw("normal", key, (), examples).shape == ()
    np.testing.assert_array_equal(draw("uniform", key, (5, 8), examples), draw("uniform", key, (5, 8), None))


def test_numbers_are_uniform_and_normal() -> None:
    examples = np.arange(64, dtype=np.uint32)
    u = np.asarray(draw("uniform", step_key(0, 0), (64, 1000), examples))
    n = np.asarray(draw("normal", step_key(0, 0), (64, 1000), examples))
    assert u.dtype == n.dtype == np.float32
    assert 0 <= u.min() and u.max() < 1
    np.testing.assert_allclose([u.mean(), u.var(), n.mean(), n.var()], [1 / 2, 1 / 12, 0, 1], atol=0.02)
    assert abs(np.corrcoef(u[0], u[1])[0, 1]) < 0.1


def test_traced_and_plain_indices_give_the_same_key() -> None:
    def bits(step: int, index: int) -> jax.Array:
        return jax.random.key_data(draw_key(step_key(5, step), "a/b", (index, 2)))

    np.testing.assert_array_equal(bits(3, 4), jax.jit(bits)(3, 4))


def test_path_hashes_are_the_same_in_every_version() -> None:
    assert [path_hash(p) for p in ("dropout_0:1", "a/b")] == [3951998832, 3235728577]
