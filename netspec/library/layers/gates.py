"""Holds what gated cells and the layers that run them have in common: their arguments, and the matrices of their gates."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from netspec.kernels.matmul import matmul
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Function, In, Initializer, Layer, Scope, Size, Weight, hand_on
from netspec.library.base.field_bounds import AfterValidator
from netspec.library.functions.activation import Relu, Sigmoid, Tanh
from netspec.library.initializers.distributions import LecunNormal, Orthogonal, Zeros
from netspec.library.layers.cells import Cell
from netspec.library.shape_rules.sizes import parameter, require_positive, stretch_last
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

STEP = In("x", "One time step, [B, …, in].", rank=2)


def state(name: str, axes: str = "[B, …, features]", rank: int = 2) -> In:
    """Declares a state of a cell as an optional input; it begins at zero where none is given."""
    return In(name, f"The state {name} before the step, {axes}.", rank=rank, optional=True)


def require_elementwise(function: Any) -> Any:
    """A function that may stand in a cell: of one tensor, element by element."""
    if not function.elementwise or len(function.inputs) != 1:
        raise ValueError("a function of one tensor that works element by element, such as `relu`")
    return function


Activation = Annotated[Function, AfterValidator(require_elementwise)]


def apply_activation(function: Function, scope: Scope, x: Array) -> Array:
    """x, which has the type of the cell's states, after an activation."""
    return function.apply(hand_on(scope, next(iter(scope.named.values()))), x)


class Gated(Layer):
    """The arguments of every gated cell."""

    features: Size
    """Size of the state and the output."""
    activation: Activation = Tanh()
    """What the candidate goes through; of an LSTM also its cell state on the way out."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the input matrices."""
    recurrent_init: Initializer = Orthogonal()
    """Initial value of the recurrent matrices."""
    bias_init: Initializer = Zeros()
    """Initial value of the biases."""


class Gates(Gated):
    """The arguments of the cells whose gates have an activation of their own."""

    gate_activation: Activation = Sigmoid()
    """What the gates go through."""


class Remembering(Gates):
    """The arguments of a cell with a forget gate of its own."""

    forget_bias_init: Initializer = Zeros()
    """Initial value of the forget gate's bias."""


class GatedCell(Gated, Cell):
    """A cell with two matrices per gate, under flax's names: `ii` from the input to the gate `i`, `hi` from the state."""

    gates: ClassVar[tuple[str, ...]] = ()

    @property
    def biases(self) -> tuple[str, ...]:
        """The matrices that have a bias."""
        return ()

    @property
    def width(self) -> Dim:
        return Dim.of(self.features)

    def bias_of(self, name: str) -> Initializer:
        """The initial value of one bias."""
        return self.bias_init

    def shape(self, facts: Facts, x: TensorType, **states: TensorType) -> tuple[TensorType, ...]:
        made = x.with_shape((*x.shape[:-1], require_positive(facts, self.op_name(), "features", self.features)))
        return (made,) * (1 + sum(i.optional for i in self.inputs))

    def params(self, x: TensorType, **states: TensorType) -> dict[str, Weight]:
        weights = {}
        for gate in self.gates:
            weights[f"i{gate}/kernel"] = parameter("kernel", (x.shape[-1], self.features), self.kernel_init)
            weights[f"h{gate}/kernel"] = parameter("kernel", (self.features, self.features), self.recurrent_init)
        return weights | {f"{name}/bias": parameter("bias", (self.features,), self.bias_of(name)) for name in self.biases}

    def preactivations(self, scope: Scope, side: str, x: Array) -> list[Array]:
        """x through the matrices of one side ("i" or "h"), each with its bias where it has one: one product, cut into the gates."""
        names = [f"{side}{gate}" for gate in self.gates]
        joined = jnp.concatenate([scope.param(f"{name}/kernel").astype(x.dtype) for name in names], axis=1)
        whole = matmul(scope.kernels, x, joined)
        return [self._biased(scope, name, y) for name, y in zip(names, jnp.split(whole, len(names), axis=-1), strict=True)]

    def _biased(self, scope: Scope, name: str, y: Array) -> Array:
        """Adds the bias of this name to y, [B, …, features], where the cell has one."""
        return y + stretch_last(scope.param(f"{name}/bias"), y) if name in self.biases else y

    def flops(self, x: TensorType, **states: TensorType) -> Dim:
        """2 per entry of the matrices and 1 per bias, and 3 per gate of every unit for gating."""
        matrices = (x.shape[-1] + self.features) * (2 * len(self.gates)) + len(self.biases) + 3 * len(self.gates)
        return elements(x.shape[:-1]) * self.features * matrices

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """A plain use, other arguments, a step of one feature, one with an axis more."""
        names = [i.name for i in cls.inputs if i.optional]
        pairs = zip(STEPS, cls.variants(), strict=False)
        return tuple(Example(cls(features=5, **more), (step,), dict.fromkeys(names, state_type(step))) for step, more in pairs)

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        """Arguments beside `features` for the examples."""
        return {}, {}, {"activation": Relu()}


STEPS = ("f32[3, 4]", "f32[3, 1]", "f32[3, 2, 2]", "f32[3, 4]", "f32[3, 2]")


def state_type(step: str) -> str:
    """The type of the states that go with a step."""
    return f"{step.rpartition(',')[0]}, 5]"
