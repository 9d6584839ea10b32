"""Layers beside PyTorch on the CPU: its own weights, converted, give its outputs and gradients. Needs the extra `oracle-torch`.

`test_torch_formulas` does the same without it, by the formulas of its documentation, which are themselves held against PyTorch here.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.from_torch import convert_weights, layer_parameters
from netspec.library.base import Array
from netspec.library.functions.activation import Elu, Gelu, LeakyRelu, Silu
from netspec.library.functions.gated_activation import Glu
from netspec.library.functions.global_pool import AdaptiveAvgPool, AdaptiveMaxPool
from netspec.library.functions.pixel_blocks import PixelShuffle, PixelUnshuffle
from netspec.library.functions.pool import AvgPool, LpPool, MaxPool
from netspec.library.functions.rectifiers import Celu, HardSigmoid, HardSilu, Mish, Relu6, Selu, Softplus, SoftSign
from netspec.library.functions.resize import Upsample
from netspec.library.layers.dense import Dense
from netspec.library.layers.norm import BatchNorm
from netspec.library.layers.weight_norm import SpectralNorm
from tests.library import torch_recurrences
from tests.library.scope import TestScope, applied, parse
from tests.library.test_torch_formulas import RECURRENCES, compiled, drawn, inputs, own_shapes, type_of
from tests.library.torch_formulas import BILINEAR, CASES, Case

torch: Any = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = pytest.mark.torch


def made(module: str, arrays: dict[str, Array]) -> Any:
    """A module with these arrays, in eval."""
    built = eval(f"nn.{module}", {"nn": torch.nn})
    with torch.no_grad():
        built.load_state_dict({name: torch.tensor(a) for name, a in arrays.items()}, strict=False)
    return built.eval()


def tensors(*arrays: Array) -> list[Any]:
    return [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]


def forward(case: Case, module: Any, x: Any) -> Any:
    """PyTorch's output in our order of axes."""
    y = module(x, x, x)[0] if "MultiheadAttention" in case.module else module(x.movedim(-1, 1) if case.first else x)
    y = y.movedim(1, -1) if case.first else y
    return y.flatten(1, -2) if case.op.op_name() == "patch_embed" else y


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.module)
def test_a_layer_is_pytorch_s(case: Case) -> None:
    """Outputs, the gradient of the input, and those of the parameters, which are converted as the parameters are."""
    for seed in range(3):
        arrays, x = drawn(case.shapes, seed), inputs(case, seed)
        shapes = own_shapes(case.op, type_of(x))
        params = layer_parameters(case.op, shapes, arrays)
        module, (given,) = made(case.module, arrays), tensors(x)
        wanted = forward(case, module, given)
        weights = {name: a for name, a in params.items() if name in case.op.params(own_type(x))}
        found, pull = jax.vjp(lambda p, v, b=params: applied(case.op, TestScope(p, b), v), weights, jnp.asarray(x))
        np.testing.assert_allclose(found, wanted.detach(), 1e-5, 2e-6)
        ones = np.random.default_rng(seed).standard_normal(found.shape).astype("float32")
        wanted.backward(torch.tensor(ones))
        slopes, slope = pull(jnp.asarray(ones))
        if case.whole == 0:
            np.testing.assert_allclose(slope, given.grad, 1e-5, 1e-5)
        theirs = {**arrays, **{name: p.grad.numpy() for name, p in module.named_parameters()}}
        for name, other in layer_parameters(case.op, shapes, theirs).items():
            if name in weights:
                np.testing.assert_allclose(slopes[name], other, 1e-5, 1e-5 * (1 + np.abs(other).max()), err_msg=name)


def own_type(x: Array) -> Any:
    return parse(type_of(x))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.module)
def test_the_formulas_are_pytorch_s(case: Case) -> None:
    arrays, x = drawn(case.shapes, 3), inputs(case, 3)
    module = made(case.module, arrays)
    assert {n: tuple(a.shape) for n, a in module.state_dict().items() if a.ndim} == case.shapes
    formula = case.formula(arrays, np.moveaxis(x, -1, 1) if case.first else x)
    formula = np.moveaxis(formula, 1, -1) if case.first else formula
    wanted = forward(case, module, torch.tensor(x)).detach()
    np.testing.assert_allclose(formula.reshape(wanted.shape), wanted, 1e-4, 1e-5)


def test_a_bilinear_map_is_pytorch_s() -> None:
    op, module, shapes = BILINEAR
    arrays, (x, y) = drawn(shapes, 0), drawn({"x": (2, 4), "y": (2, 5)}, 1).values()
    params = layer_parameters(op, own_shapes(op, "f32[2, 4]", "f32[2, 5]"), arrays)
    wanted = made(module, arrays)(*tensors(x, y)).detach()
    np.testing.assert_allclose(applied(op, TestScope(params), x, y), wanted, 1e-5, 1e-5)


@pytest.mark.parametrize(("kind", "layer", "layers", "ways"), RECURRENCES)
def test_a_recurrence_is_pytorch_s(kind: str, layer: str, layers: int, ways: int) -> None:
    module = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[kind](
        3, 4, num_layers=layers, bidirectional=ways == 2, batch_first=True
    )
    arrays = {name: a.numpy() for name, a in module.state_dict().items()}
    assert {n: a.shape for n, a in arrays.items()} == torch_recurrences.shapes(kind, 3, 4, layers, ways)
    program = compiled(f"input x: f32[B, 5, 3]\n  output y = x -> {layer}")
    (path,) = program.unpack(program.init())["params"]
    state = program.pack(convert_weights(program, {f"rnn.{n}": a for n, a in arrays.items()}, {path: "rnn"}))
    (given,), x = tensors(drawn({"x": (2, 5, 3)}, 6)["x"]), drawn({"x": (2, 5, 3)}, 6)["x"]
    wanted = module(given)[0]
    np.testing.assert_allclose(program.predict(state, x=x)["y"], wanted.detach(), 1e-5, 1e-5)
    np.testing.assert_allclose(torch_recurrences.run(kind, arrays, x, layers, ways), wanted.detach(), 1e-5, 1e-5)
    wanted.sum().backward()
    slope = jax.grad(lambda v: program.apply(state, x=v)["y"].sum())(jnp.asarray(x))
    np.testing.assert_allclose(slope, given.grad, 1e-5, 1e-5)


def test_running_statistics_move_as_pytorch_s() -> None:
    """Its momentum is the weight of the present, and its variance the unbiased one."""
    arrays = drawn({name: (3,) for name in ("weight", "bias", "running_mean", "running_var")}, 0)
    x, op = drawn({"x": (4, 2, 3)}, 1)["x"], BatchNorm(momentum=0.9)
    params = layer_parameters(op, own_shapes(op, "f32[4, 2, 3]"), arrays)
    module = made("BatchNorm1d(3, momentum=0.1)", arrays).train()
    wanted = module(torch.tensor(x).movedim(-1, 1)).movedim(1, -1)
    scope = TestScope(params, params, training=True)
    np.testing.assert_allclose(applied(op, scope, x), wanted.detach(), 1e-5, 1e-5)
    np.testing.assert_allclose(scope.updates["mean"], module.running_mean, 1e-5, 1e-6)
    past = 0.9 * arrays["running_var"]
    np.testing.assert_allclose((scope.updates["var"] - past) * 8 / 7 + past, module.running_var, 1e-5, 1e-6)


def test_spectral_norm_comes_to_pytorch_s() -> None:
    """Rounds begin elsewhere, and in eval it makes none: after many both have the largest singular value."""
    module = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(5, 4), n_power_iterations=60)
    op, x = SpectralNorm(layer=Dense(features=4), steps=60), drawn({"x": (3, 5)}, 1)["x"]
    module(torch.tensor(x))
    params = layer_parameters(op, own_shapes(op, "f32[3, 5]"), {n: a.numpy() for n, a in module.state_dict().items()})
    np.testing.assert_allclose(applied(op, TestScope(params, params), x), module.eval()(torch.tensor(x)).detach(), 1e-4, 1e-5)


ALONE = [
    (MaxPool(window=3, stride=2, padding=1), (2, 7, 6, 3), lambda x: F.max_pool2d(x, 3, 2, 1)),
    (AvgPool(window=3, stride=2, padding=1), (2, 7, 6, 3), lambda x: F.avg_pool2d(x, 3, 2, 1)),
    (AvgPool(window=2, padding=1, count_padding=False), (2, 5, 3), lambda x: F.avg_pool1d(x, 2, 2, 1, count_include_pad=False)),
    (MaxPool(window=2, stride=2, padding=((0, 1), (0, 1))), (2, 5, 7, 2), lambda x: F.max_pool2d(x, 2, 2, ceil_mode=True)),
    (AvgPool(window=2, padding=((0, 1),), count_padding=False), (2, 5, 2), lambda x: F.avg_pool1d(x, 2, 2, ceil_mode=True)),
    (AdaptiveAvgPool(size=(3, 2)), (2, 7, 5, 2), lambda x: F.adaptive_avg_pool2d(x, (3, 2))),
    (AdaptiveMaxPool(size=3), (2, 8, 2), lambda x: F.adaptive_max_pool1d(x, 3)),
    (PixelShuffle(scale=2), (2, 3, 2, 8), lambda x: F.pixel_shuffle(x, 2)),
    (PixelUnshuffle(scale=2), (2, 4, 6, 3), lambda x: F.pixel_unshuffle(x, 2)),
    (Upsample(scale=2, method="nearest"), (2, 3, 4, 2), lambda x: F.interpolate(x, scale_factor=2)),
    (Upsample(scale=2, method="bilinear"), (2, 3, 4, 2), lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")),
    (Gelu(), (4, 5), lambda x: F.gelu(x, approximate="tanh")),
    (Gelu(approximate=False), (4, 5), F.gelu),
    (LeakyRelu(), (4, 5), F.leaky_relu),
    (Elu(), (4, 5), F.elu),
    (Celu(alpha=0.7), (4, 5), lambda x: F.celu(x, 0.7)),
    (Selu(), (4, 5), F.selu),
    (Silu(), (4, 5), F.silu),
    (Mish(), (4, 5), F.mish),
    (Relu6(), (4, 5), F.relu6),
    (Softplus(), (4, 5), F.softplus),
    (SoftSign(), (4, 5), F.softsign),
    (HardSigmoid(), (4, 5), F.hardsigmoid),
    (HardSilu(), (4, 5), F.hardswish),
    (Glu(), (4, 6), F.glu),
]


@pytest.mark.parametrize(("op", "shape", "other"), ALONE, ids=lambda v: repr(v) if hasattr(v, "op_name") else "")
def test_an_op_without_parameters_is_pytorch_s(op: Any, shape: tuple[int, ...], other: Any) -> None:
    """With the arguments that its page names."""
    for seed in range(3):
        x = 3 * np.random.default_rng(seed).standard_normal(shape).astype("float32")
        (given,) = tensors(x)
        wanted = other(given.movedim(-1, 1)).movedim(1, -1) if len(shape) > 2 else other(given)
        found, pull = jax.vjp(lambda v: applied(op, TestScope(), v), jnp.asarray(x))
        np.testing.assert_allclose(found, wanted.detach(), 1e-5, 2e-6)
        wanted.backward(torch.ones_like(wanted))
        np.testing.assert_allclose(pull(jnp.ones_like(found))[0], given.grad, 1e-5, 1e-5)


def test_lp_pool_keeps_the_sign_that_pytorch_drops() -> None:
    """Of odd powers PyTorch takes sums of x^p with their signs: on what is not negative both agree."""
    x = np.abs(np.random.default_rng(0).standard_normal((2, 6, 3))).astype("float32")
    wanted = F.lp_pool1d(torch.tensor(x).movedim(-1, 1), 3, 2).movedim(1, -1)
    np.testing.assert_allclose(applied(LpPool(window=2, p=3), TestScope(), x), wanted, 1e-5)
