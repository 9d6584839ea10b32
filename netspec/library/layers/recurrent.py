"""Recurrent cells, and the layers that run them over time."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Example, In, Initializer, Scope, Size, Weight
from netspec.library.cells import Cell, Recurrence, Wanted
from netspec.library.initializers import LecunNormal, Orthogonal, Zeros
from netspec.library.sizes import parameter, positive
from netspec.shape import Dim, Facts, TensorType

STEP = In("x", "One time step, [B, in].", rank=2)


def state(name: str) -> In:
    return In(name, f"The state {name} before the step, [B, features].", rank=2, optional=True)


class _GatedCell(Cell):
    """A cell with two matrices per gate, under flax's names: `ii` from the input to the gate `i`, `hi` from the state."""

    features: Size
    """Size of the state and the output."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the input matrices."""
    recurrent_init: Initializer = Orthogonal()
    """Initial value of the recurrent matrices."""
    bias_init: Initializer = Zeros()
    """Initial value of the biases."""

    gates: ClassVar[tuple[str, ...]] = ()
    biases: ClassVar[tuple[str, ...]] = ()
    """The matrices that have a bias."""

    @property
    def width(self) -> Dim:
        return Dim.of(self.features)

    def shape(self, facts: Facts, x: TensorType, **states: TensorType) -> tuple[TensorType, ...]:
        made = x.with_shape((x.shape[0], positive(facts, self.op_name(), "features", self.features)))
        return (made,) * (1 + sum(i.optional for i in self.inputs))

    def params(self, x: TensorType, **states: TensorType) -> dict[str, Weight]:
        weights = {}
        for gate in self.gates:
            weights[f"i{gate}/kernel"] = parameter("kernel", (x.shape[-1], self.features), self.kernel_init)
            weights[f"h{gate}/kernel"] = parameter("kernel", (self.features, self.features), self.recurrent_init)
        return weights | {f"{name}/bias": parameter("bias", (self.features,), self.bias_init) for name in self.biases}

    def matmul(self, scope: Scope, name: str, x: Array) -> Array:
        """x through one of the matrices, with its bias where it has one."""
        y = x @ scope.param(f"{name}/kernel").astype(x.dtype)
        return y + scope.param(f"{name}/bias").astype(x.dtype)[None, :] if name in self.biases else y

    def flops(self, x: TensorType, **states: TensorType) -> Dim:
        """2 per entry of the matrices and 1 per bias, and 3 per gate of every unit for gating."""
        matrices = (x.shape[-1] + self.features) * (2 * len(self.gates)) + len(self.biases) + 3 * len(self.gates)
        return x.shape[0] * self.features * matrices


class LstmCell(_GatedCell):
    """Long short-term memory, one step: i, f, o = sigmoid, g = tanh of x @ Wi + h @ Wh + b; c' = f·c + i·g; h' = o·tanh(c').

    Parameters: `ii if ig io` kernels [in, features], `hi hf hg ho` kernels [features, features] with biases. The forget gate's bias is 0.
    """

    inputs = (STEP, state("h"), state("c"))
    results = 3
    source = "Hochreiter and Schmidhuber 1997; Flax linen LSTMCell"
    gates = ("i", "f", "g", "o")
    biases = ("hi", "hf", "hg", "ho")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        states = {"h": "f32[3, 5]", "c": "f32[3, 5]"}
        return (Example(cls(features=5), ("f32[3, 4]",), states), Example(cls(features=5), ("f32[3, 1]",), states))

    def apply(self, scope: Scope, x: Array, *, h: Array, c: Array) -> tuple[Array, Array, Array]:
        i, f, g, o = (self.matmul(scope, f"i{k}", x) + self.matmul(scope, f"h{k}", h) for k in self.gates)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return h, h, c


class GruCell(_GatedCell):
    """Gated recurrent unit, one step: r, z = sigmoid(x @ Wi + b + h @ Wh); n = tanh(x @ Win + bin + r·(h @ Whn + bhn));
    h' = (1 - z)·n + z·h.

    Parameters: `ir iz in` kernels [in, features] with biases, `hr hz` kernels [features, features], `hn` with a bias.
    """

    inputs = (STEP, state("h"))
    results = 2
    source = "Cho and others 2014; Flax linen GRUCell"
    gates = ("r", "z", "n")
    biases = ("ir", "iz", "in", "hn")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        states = {"h": "f32[3, 5]"}
        return (Example(cls(features=5), ("f32[3, 4]",), states), Example(cls(features=5), ("f32[3, 1]",), states))

    def apply(self, scope: Scope, x: Array, *, h: Array) -> tuple[Array, Array]:
        r = jax.nn.sigmoid(self.matmul(scope, "ir", x) + self.matmul(scope, "hr", h))
        z = jax.nn.sigmoid(self.matmul(scope, "iz", x) + self.matmul(scope, "hz", h))
        n = jnp.tanh(self.matmul(scope, "in", x) + r * self.matmul(scope, "hn", h))
        h = (1 - z) * n + z * h
        return h, h


class Rnn(Recurrence):
    """Runs a cell over time: any cell of the shelf, or any block with `state`.

    [B, T, ...] -> [B, T, features]. Parameters stand under the layer's path and then the cell's own: `rnn_0/gru_cell_0/hn/kernel`.
    """

    cell: Annotated[Any, Wanted("layer")]
    """What happens in one step: `gru_cell(128)`, or a block with `state`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        sequence = ("f32[2, 5, 3]",)
        return (Example(cls(cell=GruCell(features=4)), sequence), Example(cls(cell=LstmCell(features=4), reverse=True), sequence))

    def running(self) -> Any:
        return self.cell


class _GatedLayer(Recurrence):
    """A recurrence of one gated cell, whose parameters stand directly under the layer's path."""

    inputs = (In("x", "The sequence, [B, T, in].", rank=3), *Recurrence.inputs[1:])

    features: Size
    """Size of the state and the output."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the input matrices."""
    recurrent_init: Initializer = Orthogonal()
    """Initial value of the recurrent matrices."""
    bias_init: Initializer = Zeros()
    """Initial value of the biases."""

    cell_class: ClassVar[type[_GatedCell]] = LstmCell

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        sequence = ("f32[2, 5, 3]",)
        return (Example(cls(features=4), sequence), Example(cls(features=3, reverse=True, return_state=True, unroll=2), sequence))

    def running(self) -> Cell:
        inits = {"kernel_init": self.kernel_init, "recurrent_init": self.recurrent_init, "bias_init": self.bias_init}
        return self.cell_class(features=self.features, **inits)


class Lstm(_GatedLayer):
    """Long short-term memory over time: [B, T, in] -> [B, T, features]. States `h` and `c`; parameters as in `lstm_cell`."""

    source = "Hochreiter and Schmidhuber 1997"


class Gru(_GatedLayer):
    """Gated recurrent units over time: [B, T, in] -> [B, T, features]. State `h`; parameters as in `gru_cell`."""

    source = "Cho and others 2014"
    cell_class = GruCell
