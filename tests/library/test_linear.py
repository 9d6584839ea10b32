"""Convolutions and linear maps beside flax: equal output and gradients for the same weights, over pairs of arguments and three seeds."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.sizes import UnprovenSize
from netspec.diagnostics.shapes.windows import CausalOverSpace, NothingToMirror, WindowTooLarge, WrongNumberOfSizes
from netspec.library.layers.conv import Conv
from netspec.library.layers.conv_depthwise import DepthwiseConv, SeparableConv
from netspec.library.layers.conv_local import ConvLocal
from netspec.shape import Facts
from tests.library.scope import TestScope, applied, draw, parse

SEEDS = (0, 1, 2)


def values(shape: tuple[int, ...], seed: int) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def agree(mine: Any, theirs: Any, params: Any, *shapes: tuple[int, ...]) -> None:
    """Two functions of (parameters, inputs…), `params` giving shapes, have the same values and gradients; compiled as one program."""

    def results(pull: Any, *given: Any) -> list[Any]:
        made = [jax.vjp(function, *given) for function in (mine, theirs)]
        return [(y, back(pull)) for y, back in made]

    compiled = jax.jit(results)
    for seed in SEEDS:
        drawn = {name: values(shape, seed + 10 * k) for k, (name, shape) in enumerate(params.items(), 1)}
        inputs = tuple(values(shape, seed + 100 * k) for k, shape in enumerate(shapes, 1))
        pull = values(jax.eval_shape(theirs, drawn, *inputs).shape, seed + 1000)
        (found, slopes), (wanted, others) = compiled(pull, drawn, *inputs)
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        np.testing.assert_allclose(found, wanted, 1e-5, 1e-5 * np.abs(wanted).max())
        for slope, right in zip(*map(jax.tree.leaves, (slopes, others)), strict=True):
            np.testing.assert_allclose(slope, right, 1e-5, 1e-5 * (1 + np.abs(right).max()))


def beside(op: Any, module: Any, shape: tuple[int, ...]) -> None:
    """An op and a flax module with the same names and shapes of parameters."""
    drawn = jax.eval_shape(module.init, jax.random.key(0), np.zeros(shape, "float32"))["params"]
    own = {name: tuple(int(n) for n in weight.shape) for name, weight in op.params(parse(f"f32[{', '.join(map(str, shape))}]")).items()}
    assert own == {name: leaf.shape for name, leaf in drawn.items()}
    agree(lambda p, x: applied(op, TestScope(p), x), lambda p, x: module.apply({"params": p}, x), own, shape)


def each(value: Any, space: int) -> tuple:
    return tuple(value) if isinstance(value, tuple) else (value,) * space


CONVS = [
    ((2, 7, 6, 4), 3, 1, "CIRCULAR", 1, 1, True),
    ((2, 7, 6, 4), (2, 3), 2, "CIRCULAR", (2, 1), 2, False),
    ((2, 7, 6, 4), 3, (1, 2), "REFLECT", 2, 1, False),
    ((2, 7, 6, 4), (4, 1), 3, "REFLECT", 1, 4, True),
    ((2, 7, 6, 4), 3, 2, "SAME", (1, 3), 2, True),
    ((2, 7, 6, 4), (2, 3), 1, "SAME", 2, 1, False),
    ((2, 7, 6, 4), 2, (2, 1), "VALID", 3, 4, True),
    ((2, 7, 6, 4), 3, 1, ((0, 3), 2), (3, 2), 1, False),
    ((2, 7, 6, 4), 3, 3, 2, 2, 2, True),
    ((2, 9, 2), 3, 1, "CAUSAL", 1, 1, True),
    ((2, 9, 2), 2, 2, "CAUSAL", 3, 2, False),
    ((2, 9, 2), 4, 1, "CIRCULAR", 3, 1, True),
    ((2, 9, 2), 3, 2, "REFLECT", 3, 2, True),
    ((1, 4, 3, 5, 2), (2, 1, 3), 1, "CIRCULAR", (1, 1, 2), 1, True),
    ((1, 4, 3, 5, 2), 2, 2, "REFLECT", 2, 2, False),
]


@pytest.mark.parametrize(("shape", "kernel", "stride", "padding", "dilation", "groups", "bias"), CONVS)
def test_conv_is_flax_s(shape: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int, bias: bool) -> None:
    space = len(shape) - 2
    op = Conv(features=4, kernel=kernel, stride=stride, padding=padding, dilation=dilation, groups=groups, bias=bias)
    others = {"kernel_dilation": each(dilation, space), "feature_group_count": groups, "use_bias": bias}
    beside(op, nn.Conv(4, each(kernel, space), each(stride, space), padding, **others), shape)


@pytest.mark.parametrize("padding", ["CIRCULAR", "REFLECT", "SAME", "CAUSAL"])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
def test_padding_is_flax_s_to_the_bit(padding: Any, kernel: int) -> None:
    """Whole numbers have exact sums, whatever their order."""
    x, weights = (np.random.default_rng(k).integers(-9, 9, shape).astype("float32") for k, shape in enumerate([(1, 7, 1), (kernel, 1, 1)]))
    for stride, dilation in ((1, 1), (2, 1), (1, 2), (3, 2)):
        op = Conv(features=1, kernel=kernel, stride=stride, padding=padding, dilation=dilation, bias=False)
        module = nn.Conv(1, (kernel,), (stride,), padding, kernel_dilation=(dilation,), use_bias=False)
        np.testing.assert_array_equal(applied(op, TestScope({"kernel": weights}), x), module.apply({"params": {"kernel": weights}}, x))


@pytest.mark.parametrize(
    ("shape", "kernel", "multiplier", "stride", "padding", "dilation", "bias"),
    [
        ((2, 6, 5, 3), 3, 1, 1, "SAME", 1, True),
        ((2, 6, 5, 3), (2, 3), 2, 2, "REFLECT", 1, False),
        ((2, 6, 5, 3), 2, 3, (1, 2), "VALID", 2, True),
        ((2, 8, 4), 3, 2, 1, "CAUSAL", 2, True),
    ],
)
def test_depthwise_conv_is_flax_s(shape: Any, kernel: Any, multiplier: int, stride: Any, padding: Any, dilation: Any, bias: bool) -> None:
    space, channels = len(shape) - 2, shape[-1]
    op = DepthwiseConv(kernel=kernel, multiplier=multiplier, stride=stride, padding=padding, dilation=dilation, bias=bias)
    others = {"kernel_dilation": each(dilation, space), "feature_group_count": channels, "use_bias": bias}
    beside(op, nn.Conv(channels * multiplier, each(kernel, space), each(stride, space), padding, **others), shape)


@pytest.mark.parametrize(("multiplier", "stride", "dilation", "bias"), [(1, 1, 2, True), (3, 2, 1, False)])
def test_separable_conv_is_two_of_flax(multiplier: int, stride: int, dilation: int, bias: bool) -> None:
    shape, between = (2, 6, 5, 3), 3 * multiplier
    op = SeparableConv(features=4, kernel=3, multiplier=multiplier, stride=stride, dilation=dilation, bias=bias)
    apart = nn.Conv(between, (3, 3), stride, "SAME", kernel_dilation=dilation, feature_group_count=3, use_bias=False)
    mixed = nn.Dense(4, use_bias=bias)

    def theirs(p: Any, x: Any) -> Any:
        rest = {"kernel": p["pointwise"]} | ({"bias": p["bias"]} if bias else {})
        return mixed.apply({"params": rest}, apart.apply({"params": {"kernel": p["depthwise"]}}, x))

    sizes = {"depthwise": (3, 3, 1, between), "pointwise": (between, 4)} | ({"bias": (4,)} if bias else {})
    agree(lambda p, x: applied(op, TestScope(p), x), theirs, sizes, shape)


@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "padding", "dilation", "bias"),
    [
        ((2, 5, 4, 3), 3, 1, "SAME", 1, True),
        ((2, 5, 4, 3), (3, 2), 2, "VALID", (1, 2), False),
        ((2, 6, 2), 2, 2, "CAUSAL", 2, True),
        ((2, 6, 2), 3, 1, "CIRCULAR", 1, False),
        ((2, 6, 2), 4, 3, ((1, 2),), 1, True),
    ],
)
def test_conv_local_is_flax_s(shape: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, bias: bool) -> None:
    space = len(shape) - 2
    op = ConvLocal(features=2, kernel=kernel, stride=stride, padding=padding, dilation=dilation, bias=bias)
    others = {"kernel_dilation": each(dilation, space), "use_bias": bias}
    beside(op, nn.ConvLocal(2, each(kernel, space), each(stride, space), padding, **others), shape)


def test_conv_local_starts_as_wide_as_conv() -> None:
    """Its variance does not shrink with the number of places."""
    wide = ConvLocal(features=16, kernel=3).params(parse("f32[1, 12, 12, 4]"))["kernel"]
    np.testing.assert_allclose(draw(wide, np.random.default_rng(0)).std(), (1 / 36) ** 0.5, 0.02)


def test_causal_conv_sees_nothing_later() -> None:
    op = Conv(features=1, kernel=3, padding="CAUSAL", dilation=2, bias=False)
    slope = jax.jacobian(lambda x: applied(op, TestScope({"kernel": jnp.ones((3, 1, 1))}), x[None, :, None])[0, :, 0])(jnp.zeros(8))
    wanted = [[float(i - j in (0, 2, 4)) for j in range(8)] for i in range(8)]
    np.testing.assert_array_equal(slope, wanted)


PROBLEMS = [
    (Conv(features=1, kernel=3, padding="CAUSAL"), "f32[2, 5, 5, 3]", CausalOverSpace),
    (Conv(features=1, kernel=3, padding="REFLECT", dilation=2), "f32[2, 2, 3]", NothingToMirror),
    (Conv(features=1, kernel=3, padding="REFLECT", dilation=2), "f32[2, T, 3]", UnprovenSize),
    (Conv(features=1, kernel=3, padding="VALID", dilation=3), "f32[2, 6, 3]", WindowTooLarge),
    (DepthwiseConv(kernel=3, dilation=(1, 2, 3)), "f32[2, 6, 6, 3]", WrongNumberOfSizes),
]


@pytest.mark.parametrize(("op", "x", "problem"), PROBLEMS)
def test_problems(op: Any, x: str, problem: Any) -> None:
    with pytest.raises(Mistake) as caught:
        op.shape(Facts(), parse(x))
    assert isinstance(caught.value.diagnostic, problem) and caught.value.diagnostic.message() and caught.value.diagnostic.help()


@pytest.mark.parametrize("padding", ["SAME", "CIRCULAR", "CAUSAL"])
def test_such_padding_keeps_a_free_length(padding: Any) -> None:
    x = parse("f32[B, T, 3]")
    assert Conv(features=3, kernel=4, padding=padding, dilation=2).shape(Facts(), x) == x
    mirrored = Conv(features=3, kernel=4, padding="REFLECT", dilation=2)
    assert mirrored.shape(Facts().bound("T", lo=4), x) == x


@pytest.mark.parametrize("kernel", [1, 2, 5])
def test_a_circle_may_be_shorter_than_the_kernel(kernel: int) -> None:
    """Going around several times is what a periodic signal means."""
    op = Conv(features=1, kernel=kernel, padding="CIRCULAR", bias=False, dilation=3)
    x = np.arange(2.0, dtype="float32")[None, :, None]
    found = applied(op, TestScope({"kernel": np.ones((kernel, 1, 1), "float32")}), x)[0, :, 0]
    low = (kernel - 1) * 3 // 2
    np.testing.assert_array_equal(found, [sum((i - low + 3 * t) % 2 for t in range(kernel)) for i in range(2)])
