"""Dense layers, bilinear maps, low-rank corrections and transposed convolutions beside flax and einsum."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import netspec
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.attention import UnfitShape
from netspec.diagnostics.shapes.axes import RepeatedAxis
from netspec.diagnostics.shapes.operands import UnequalDtypes
from netspec.diagnostics.shapes.sizes import AxisOutOfRange
from netspec.from_torch.layers import conv_transpose as convert_transposed
from netspec.library.layers.bilinear import Bilinear
from netspec.library.layers.conv import Conv
from netspec.library.layers.conv_transposed import ConvTranspose
from netspec.library.layers.dense import Dense
from netspec.library.layers.lora import Lora
from netspec.shape import Facts
from netspec.source import Source
from tests.library.scope import TestScope, applied, draw, parse
from tests.library.test_linear import agree, beside, each, values

TRANSPOSED = [
    ((2, 4, 3, 3), 3, 2, "CIRCULAR", 1, False, True),
    ((2, 4, 3, 3), (4, 2), (1, 3), "CIRCULAR", 1, True, False),
    ((2, 4, 3, 3), (2, 3), 2, "CIRCULAR", (2, 1), True, True),
    ((2, 4, 3, 3), 3, (2, 1), "SAME", 2, True, True),
    ((2, 4, 3, 3), 2, 2, "VALID", (3, 1), False, False),
    ((2, 4, 3, 3), (3, 2), 1, "VALID", 2, True, True),
    ((2, 5, 2), 3, 2, ((3, 2),), 2, False, True),
    ((2, 5, 2), 4, 3, 2, 1, True, False),
    ((2, 5, 2), 6, 2, "CIRCULAR", 1, False, True),
    ((1, 3, 2, 2, 2), 2, 2, "CIRCULAR", 1, True, True),
]


@pytest.mark.parametrize(("shape", "kernel", "stride", "padding", "dilation", "mirrored", "bias"), TRANSPOSED)
def test_conv_transpose_is_flax_s(shape: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, mirrored: bool, bias: bool) -> None:
    space = len(shape) - 2
    given = {"padding": padding, "transpose_kernel": mirrored}
    op = ConvTranspose(features=4, kernel=kernel, stride=stride, dilation=dilation, bias=bias, **given)
    others = {"kernel_dilation": each(dilation, space), "use_bias": bias}
    beside(op, nn.ConvTranspose(4, each(kernel, space), each(stride, space), **given, **others), shape)


@pytest.mark.parametrize(("kernel", "stride", "padding", "size"), [(3, 2, 1, 9), (4, 2, 1, 8), (2, 2, 0, 6), (5, 1, 2, 5)])
def test_a_mirrored_kernel_makes_the_transpose_of_conv(kernel: int, stride: int, padding: int, size: int) -> None:
    """⟨conv(x), y⟩ = ⟨x, conv_transpose(y)⟩ with one kernel, padded as PyTorch does: span - 1 - padding."""
    forward = Conv(features=3, kernel=kernel, stride=stride, padding=padding, bias=False)
    ends = (kernel - 1 - padding, kernel - 1 - padding + (size + 2 * padding - kernel) % stride)
    back = ConvTranspose(features=2, kernel=kernel, stride=stride, padding=(ends,), bias=False, transpose_kernel=True)
    x, scope = values((1, size, 2), 1), TestScope({"kernel": values((kernel, 2, 3), 2)})
    out = applied(forward, scope, x)
    y = values(out.shape, 3)
    np.testing.assert_allclose(applied(back, scope, y), jax.vjp(lambda x: applied(forward, scope, x), x)[1](y)[0], 1e-5, 1e-5)


def from_torch(op: ConvTranspose, weight: Any, x: Any) -> Any:
    """A converted layer: PyTorch keeps [in, features, kernel], netspec with `transpose_kernel` [kernel, features, in]."""
    return applied(op, TestScope({"kernel": np.transpose(weight, (2, 1, 0))}), x)


@pytest.mark.parametrize(("stride", "padding", "extra", "dilation"), [(1, 0, 0, 1), (2, 1, 1, 1), (3, 2, 0, 2), (2, 0, 1, 3)])
def test_conv_transpose_takes_torch_s_kernels(stride: int, padding: int, extra: int, dilation: int) -> None:
    """Its definition: out[n · stride + t · dilation - padding, o] += x[n, i] · weight[i, o, t], of the length its documentation gives."""
    weight, x = values((2, 4, 3), 1), values((1, 5, 2), 2)
    span = 2 * dilation + 1
    ends = (span - 1 - padding, span - 1 - padding + extra)
    op = ConvTranspose(features=4, kernel=3, stride=stride, padding=(ends,), dilation=dilation, bias=False, transpose_kernel=True)
    wanted = np.zeros((4 * stride - 2 * padding + span + extra, 4))
    for n, t in np.ndindex(5, 3):
        place = n * stride + t * dilation - padding
        if 0 <= place < len(wanted):
            wanted[place] += x[0, n] @ weight[:, :, t]
    np.testing.assert_allclose(from_torch(op, weight, x)[0], wanted, 1e-5, 1e-5)


@pytest.mark.parametrize("transposed", [True, False])
def test_torch_s_kernels_in_groups(transposed: bool) -> None:
    """PyTorch's grouped transposed convolution is one for each group of channels; its kernel, [in, features / groups, …], is turned."""
    weight, x = values((4, 3, 3), 1), values((1, 5, 4), 2)
    op = ConvTranspose(features=6, kernel=3, stride=2, padding="VALID", bias=False, transpose_kernel=transposed, groups=2)
    kernel = convert_transposed(op, {}, {"weight": weight})["kernel"]  # type: ignore[arg-type]
    wanted = np.zeros((11, 6))
    for n, t, o in np.ndindex(5, 3, 6):
        own = slice(2 * (o // 3), 2 * (o // 3) + 2)
        wanted[2 * n + t, o] += x[0, n, own] @ weight[own, o % 3, t]
    np.testing.assert_allclose(applied(op, TestScope({"kernel": kernel}), x)[0], wanted, 1e-5, 1e-5)


GENERAL = [
    ((3, 4, 5), 6, -1, 1, True),
    ((3, 4, 5), (2, 3), -1, 1, False),
    ((3, 2, 4, 5), 6, (-2, -1), 1, True),
    ((3, 2, 4, 5), (2, 3), -1, 2, True),
    ((3, 2, 4, 2, 5), 4, (2, 4), 2, False),
    ((2, 4, 3, 5), (3, 2), (1, 3), 0, True),
]


@pytest.mark.parametrize(("shape", "features", "axis", "batch", "bias"), GENERAL)
def test_dense_is_dense_general(shape: Any, features: Any, axis: Any, batch: int, bias: bool) -> None:
    op = Dense(features=features, axis=axis, bias=bias, batch_dims=batch)
    beside(op, nn.DenseGeneral(features, axis, tuple(range(batch)), bias), shape)


def test_the_kernels_of_a_batch_are_drawn_as_single_ones() -> None:
    """Each with the fans of its own, and all of them different."""
    weight = Dense(features=64, batch_dims=1).params(parse("f32[16, 2, 64]"))["kernel"]
    kernels = draw(weight, np.random.default_rng(0))
    np.testing.assert_allclose(kernels.std(axis=(1, 2)), 1 / 8, 0.06)
    assert len({kernel.tobytes() for kernel in kernels}) == 16


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("lead", [(4,), (2, 3), ()])
def test_bilinear_is_einsum(lead: tuple[int, ...], bias: bool) -> None:
    op = Bilinear(features=3, bias=bias)

    def wanted(p: Any, x: Any, y: Any) -> Any:
        return jnp.einsum("...i,...j,ijk->...k", x, y, p["kernel"]) + (p["bias"].reshape(*(1,) * len(lead), 3) if bias else 0)

    sizes = {"kernel": (5, 2, 3)} | ({"bias": (3,)} if bias else {})
    agree(lambda p, x, y: applied(op, TestScope(p), x, y), wanted, sizes, (*lead, 5), (*lead, 2))


@pytest.mark.parametrize("bias", [True, False])
def test_lora_is_nnx_s(bias: bool) -> None:
    """Flax has no alpha: it counts the correction once."""
    base = nnx.Linear(6, 5, use_bias=bias, rngs=nnx.Rngs(0))
    graph, state = nnx.split(nnx.LoRA(6, 3, 5, base_module=base, rngs=nnx.Rngs(0)))
    names = {"kernel": ("base_module", "kernel"), "bias": ("base_module", "bias"), "lora_a": ("lora_a",), "lora_b": ("lora_b",)}

    def wanted(p: Any, x: Any) -> Any:
        flat = nnx.to_flat_state(state)
        own = {path: next((p[name] for name, place in names.items() if place == path), leaf) for path, leaf in flat}
        return nnx.merge(graph, nnx.from_flat_state([(path, leaf.replace(own[path])) for path, leaf in flat]))(x)

    op = Lora(features=5, rank=3, alpha=3.0, bias=bias)
    sizes = {"kernel": (6, 5), "lora_a": (6, 3), "lora_b": (3, 5)} | ({"bias": (5,)} if bias else {})
    agree(lambda p, x: applied(op, TestScope(p), x), wanted, sizes, (4, 6))


def test_lora_begins_as_dense() -> None:
    x = values((3, 6), 0)
    params = {name: draw(weight, np.random.default_rng(1)) for name, weight in Lora(features=5).params(parse("f32[3, 6]")).items()}
    dense = applied(Dense(features=5), TestScope(params), x)
    np.testing.assert_array_equal(applied(Lora(features=5, alpha=16.0), TestScope(params), x), dense)
    assert np.abs(params["lora_a"]).max() > 0 == np.abs(params["lora_b"]).max()


TUNED = """netspec 1
model M {
  input x: f32[B, 6]
  input label: i32[B]
  output logits = x -> lora(16, rank=2, alpha=16) -> relu -> lora(10)
}
train M {
  data = arrays(fields={x: f32[6], label: i32[]}) -> batch(8)
  update adapters { loss = softmax_cross_entropy(logits, label); params = "**/lora_*"; optimizer = adam(0.001) }
  duration = 1 epoch
}
"""


def test_what_is_tuned_is_named_by_the_optimizer() -> None:
    checked = netspec.check(Source("m.net", TUNED))
    assert [problem.slug() for problem in checked.problems if problem.severity == "error"] == []


PROBLEMS = [
    (Dense(features=2, batch_dims=4), ("f32[2, 3, 4]",), AxisOutOfRange),
    (Dense(features=2, batch_dims=1, axis=0), ("f32[2, 3, 4]",), RepeatedAxis),
    (Bilinear(features=2), ("f32[2, 3]", "f32[3, 3]"), UnfitShape),
    (Bilinear(features=2), ("f32[2, 3]", "f32[2, 2, 3]"), UnfitShape),
    (Bilinear(features=2), ("f32[2, 3]", "bf16[2, 3]"), UnequalDtypes),
]


@pytest.mark.parametrize(("op", "inputs", "problem"), PROBLEMS)
def test_problems(op: Any, inputs: tuple[str, ...], problem: Any) -> None:
    with pytest.raises(Mistake) as caught:
        op.shape(Facts(), *map(parse, inputs))
    assert isinstance(caught.value.diagnostic, problem) and caught.value.diagnostic.message() and caught.value.diagnostic.blame
