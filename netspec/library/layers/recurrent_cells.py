"""Recurrent cells: one step of time each."""

from __future__ import annotations

from typing import Any

from netspec.library.base import Array, Initializer, Scope
from netspec.library.functions.activation import Relu, Tanh
from netspec.library.initializers.distributions import Ones
from netspec.library.layers.gates import STEP, GatedCell, Gates, Remembering, apply_activation, state
from netspec.shape import Dim, TensorType
from netspec.shape.types import elements


class LstmCell(Remembering, GatedCell):
    """Long short-term memory, one step: i, f, o = sigmoid, g = tanh of x @ Wi + h @ Wh + b; c' = f·c + i·g; h' = o·tanh(c').

    [B, …, in] -> [B, …, features]; so are `h` and `c`. Parameters: `ii if ig io` kernels [in, features], `hi hf hg ho`
    kernels [features, features] with biases. The forget gate's bias begins with 0, as in Flax and PyTorch; `forget_bias_init=ones` is
    Keras's and Jozefowicz's.
    FLOPs: rows · features · (8 · (in + features) + 16).
    Elsewhere: PyTorch stacks the gates i, f, g, o as rows of `weight_ih_l0` [4 · features, in] and `weight_hh_l0`, so `if/kernel` is the
    second block of rows, transposed; its two biases count as their sum. Keras has them as columns, in the order i, f, g, o.
    """

    inputs = (STEP, state("h"), state("c"))
    results = 3
    source = "Hochreiter and Schmidhuber 1997; Flax linen LSTMCell"
    gates = ("i", "f", "g", "o")

    @property
    def biases(self) -> tuple[str, ...]:
        return "hi", "hf", "hg", "ho"

    def bias_of(self, name: str) -> Initializer:
        return self.forget_bias_init if name == "hf" else self.bias_init

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        return {}, {"forget_bias_init": Ones()}, {"activation": Relu()}, {"gate_activation": Tanh()}

    def apply(self, scope: Scope, x: Array, *, h: Array, c: Array) -> tuple[Array, Array, Array]:
        sides = zip(self.preactivations(scope, "i", x), self.preactivations(scope, "h", h), strict=True)
        i, f, g, o = (given + past for given, past in sides)
        i, f, o = (apply_activation(self.gate_activation, scope, k) for k in (i, f, o))
        c = f * c + i * apply_activation(self.activation, scope, g)
        h = o * apply_activation(self.activation, scope, c)
        return h, h, c


class GruCell(Gates, GatedCell):
    """Gated recurrent unit, one step: r, z = sigmoid(x @ Wi + b + h @ Wh); n = tanh(x @ Win + bin + r·(h @ Whn + bhn));
    h' = (1 - z)·n + z·h.

    [B, …, in] -> [B, …, features]; so is `h`. Parameters: `ir iz in` kernels [in, features] with biases, `hr hz` kernels
    [features, features], `hn` with a bias. The reset gate acts behind the matrix, as in Flax, PyTorch and Keras with its default
    `reset_after=True`; Cho's paper has it before the matrix, which no weights can be moved to.
    FLOPs: rows · features · (6 · (in + features) + 13).
    Elsewhere: PyTorch stacks the gates r, z, n as rows, Keras z, r, n as columns; their second biases of r and z count into the first.
    """

    inputs = (STEP, state("h"))
    results = 2
    source = "Cho and others 2014; Flax linen GRUCell"
    gates = ("r", "z", "n")

    @property
    def biases(self) -> tuple[str, ...]:
        return "ir", "iz", "in", "hn"

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        return {}, {}, {"activation": Relu()}, {"gate_activation": Tanh()}

    def apply(self, scope: Scope, x: Array, *, h: Array) -> tuple[Array, Array]:
        (ir, iz, given), (hr, hz, past) = self.preactivations(scope, "i", x), self.preactivations(scope, "h", h)
        r, z = (apply_activation(self.gate_activation, scope, k) for k in (ir + hr, iz + hz))
        n = apply_activation(self.activation, scope, given + r * past)
        h = (1 - z) * n + z * h
        return h, h


class SimpleCell(GatedCell):
    """The plain recurrent network, one step: h' = tanh(x @ Wi + b + h @ Wh), and with `residual` h is added before the activation.

    [B, …, in] -> [B, …, features]; so is `h`. Parameters: `i` kernel [in, features] with a bias, `h` kernel
    [features, features].
    FLOPs: rows · features · (2 · (in + features) + 4), and 1 more per unit with `residual`.
    Elsewhere: PyTorch's two biases count as their sum; its kernels are transposed.
    """

    inputs = (STEP, state("h"))
    results = 2
    source = "Elman 1990; residual: Yue and others 2018; Flax linen SimpleCell"
    gates = ("",)

    residual: bool = False
    """Add the state before the activation."""

    @property
    def biases(self) -> tuple[str, ...]:
        return ("i",)

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        return {}, {"residual": True}, {"activation": Relu()}

    def apply(self, scope: Scope, x: Array, *, h: Array) -> tuple[Array, Array]:
        (given,), (past,) = self.preactivations(scope, "i", x), self.preactivations(scope, "h", h)
        y = given + past
        h = apply_activation(self.activation, scope, y + h if self.residual else y)
        return h, h

    def flops(self, x: TensorType, **states: TensorType) -> Dim:
        return super().flops(x) + elements(x.shape[:-1]) * self.features * int(self.residual)


class MguCell(Gates, GatedCell):
    """Minimal gated unit, one step: f = sigmoid(x @ Wif + bif + h @ Whf); n = tanh(x @ Win + bin + f·(h @ Whn + bhn));
    h' = (1 - f)·n + f·h. Without `reset_gate`: n = tanh(x @ Win + bin + h @ Whn).

    [B, …, in] -> [B, …, features]; so is `h`. Parameters: `if in` kernels [in, features] with biases, `hf hn` kernels
    [features, features], `hn` with a bias where there is a reset gate. The forget gate's bias begins with 1, so that a new cell remembers.
    FLOPs: rows · features · (4 · (in + features) + 8 + (1 with `reset_gate`)).
    """

    inputs = (STEP, state("h"))
    results = 2
    source = "Zhou and others 2016; Flax linen MGUCell"
    gates = ("f", "n")

    forget_bias_init: Initializer = Ones()
    """Initial value of the forget gate's bias."""
    reset_gate: bool = True
    """The gate also acts on the state's part of the candidate."""

    @property
    def biases(self) -> tuple[str, ...]:
        return ("if", "in", "hn") if self.reset_gate else ("if", "in")

    def bias_of(self, name: str) -> Initializer:
        return self.forget_bias_init if name == "if" else self.bias_init

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        return {}, {"reset_gate": False}, {"activation": Relu()}, {"gate_activation": Tanh()}

    def apply(self, scope: Scope, x: Array, *, h: Array) -> tuple[Array, Array]:
        (gate, given), (kept, past) = self.preactivations(scope, "i", x), self.preactivations(scope, "h", h)
        f = apply_activation(self.gate_activation, scope, gate + kept)
        n = apply_activation(self.activation, scope, given + (f * past if self.reset_gate else past))
        h = (1 - f) * n + f * h
        return h, h
