"""The convolutional LSTM: a recurrence over images."""

from __future__ import annotations

from netspec.kernels.convolve import convolve
from netspec.lazy import jnp
from netspec.library.base import Array, Example, In, Initializer, Scope, Size, Weight
from netspec.library.functions.activation import Relu, Sigmoid, Tanh
from netspec.library.initializers.distributions import LecunNormal, Zeros
from netspec.library.layers.cells import Cell, StateTypes
from netspec.library.layers.conv import AXES
from netspec.library.layers.gates import Activation, apply_activation, state
from netspec.library.shape_rules.sizes import parameter, require_positive, stretch_last
from netspec.library.shape_rules.windows import Sizes, Windows, windows
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

PLACES = "[B, space…, features]"


class ConvLstmCell(Cell):
    """Long short-term memory over images, one step: the gates are convolutions of the image and of the state, i, f, o = sigmoid, g = tanh
    of x * Wi + h * Wh + b, with `forget_bias` added to f before its activation; c' = f·c + i·g; h' = o·tanh(c').

    [B, space…, in] -> [B, space…, features] with 1 to 3 axes of space, which keep their sizes: `x -> rnn(conv_lstm_cell(64, 3))` takes
    f32[B, T, H, W, C]. The states `h` and `c` are as the output. Parameters: `ih/kernel` [kernel…, in, 4 · features], `hh/kernel`
    [kernel…, features, 4 · features] and a bias for each; the channels hold the gates in the order i, g, f, o, as in Flax.
    FLOPs: batch · space · features · (8 · taps · (in + features) + 8 with `bias` + 13).
    """

    inputs = (In("x", "One time step, [B, space…, in].", rank=3), state("h", PLACES, 3), state("c", PLACES, 3))
    results = 3
    source = "Shi and others 2015; Flax linen ConvLSTMCell"

    features: Size
    """Number of channels of the state and the output."""
    kernel: Sizes
    """Size of the kernels: one number for all axes of space, or a list."""
    bias: bool = True
    """Both convolutions have a bias."""
    activation: Activation = Tanh()
    """What the candidate goes through, and the cell state on the way out."""
    gate_activation: Activation = Sigmoid()
    """What the gates go through."""
    forget_bias: float = 1.0
    """A constant that is added to the forget gate before its activation."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the input's kernel."""
    recurrent_init: Initializer = LecunNormal()
    """Initial value of the state's kernel."""
    bias_init: Initializer = Zeros()
    """Initial value of the biases."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        def example(op: ConvLstmCell, *space: int) -> Example:
            shape = ", ".join(map(str, (2, *space)))
            return Example(op, (f"f32[{shape}, 3]",), {"h": f"f32[{shape}, 4]", "c": f"f32[{shape}, 4]"})

        return (
            example(cls(features=4, kernel=3), 5, 4),
            example(cls(features=4, kernel=(1, 2), bias=False, forget_bias=0), 3, 4),
            example(cls(features=4, kernel=2, activation=Relu()), 6),
        )

    def _windows(self, x: TensorType) -> Windows:
        """The places of the kernel on an image [B, space…, C], which keeps its size."""
        return windows(self.op_name(), "kernel", x, self.kernel, 1, "SAME")

    def states(self, x: TensorType) -> StateTypes:
        """As the step, with the cell's channels."""
        kind = x.with_shape((*x.shape[:-1], self.features))
        return {"h": (kind, Zeros()), "c": (kind, Zeros())}

    def shape(self, facts: Facts, x: TensorType, **states: TensorType) -> tuple[TensorType, ...]:
        self._windows(x)
        return (x.with_shape((*x.shape[:-1], require_positive(facts, self.op_name(), "features", self.features))),) * 3

    def params(self, x: TensorType, **states: TensorType) -> dict[str, Weight]:
        size, channels = self._windows(x).size, 4 * self.features
        weights = {
            "ih/kernel": parameter("kernel", (*size, x.shape[-1], channels), self.kernel_init),
            "hh/kernel": parameter("kernel", (*size, self.features, channels), self.recurrent_init),
        }
        return weights | ({f"{name}/bias": parameter("bias", (channels,), self.bias_init) for name in ("ih", "hh")} if self.bias else {})

    def _convolve(self, scope: Scope, name: str, x: Array) -> Array:
        """Convolves x, [B, space…, C], with the kernel of this name: [B, space…, features of the kernel]."""
        w = self._windows(scope.types[0])
        kernel = scope.param(f"{name}/kernel").astype(x.dtype)
        y = convolve(scope.kernels, x, kernel, stride=w.stride, padding=w.padding, axes=AXES[len(w.size)])
        return y + stretch_last(scope.param(f"{name}/bias"), y) if self.bias else y

    def apply(self, scope: Scope, x: Array, *, h: Array, c: Array) -> tuple[Array, Array, Array]:
        i, g, f, o = jnp.split(self._convolve(scope, "ih", x) + self._convolve(scope, "hh", h), 4, axis=-1)
        i, f, o = (apply_activation(self.gate_activation, scope, k) for k in (i, f + self.forget_bias, o))
        c = f * c + i * apply_activation(self.activation, scope, g)
        h = o * apply_activation(self.activation, scope, c)
        return h, h, c

    def flops(self, x: TensorType, **states: TensorType) -> Dim:
        taps = self._windows(x).elements
        each = (x.shape[-1] + self.features) * (8 * taps) + 8 * int(self.bias) + 13
        return x.shape[0] * elements(x.shape[1:-1]) * self.features * each
