"""Layers, functions and methods of the plugin `acme`."""

from __future__ import annotations

from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, Function, In, Initializer, Layer, Method, Passage, Scope, Size, Weight
from netspec.library.contracts.stretch_steps import Past, Use
from netspec.library.initializers.distributions import Ones
from netspec.shape import Dim, Facts, TensorType


class FastDense(Layer):
    """y = x @ kernel: [..., features in] -> [..., features]. Parameter `kernel` [features in, features].

    FLOPs: 2 per element of x and feature.
    """

    aliases = ("quick_dense",)
    inputs = (In("x", "any leading axes, then the features", rank=1),)

    features: Size
    """Number of outputs."""
    init: Initializer = Ones()
    """Initial value of the kernel."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(features=3), ("f32[2, 4]",)), Example(cls(features=2), ("f32[5]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape((*x.shape[:-1], self.features))

    def params(self, x: TensorType) -> dict[str, Weight]:
        return {"kernel": Weight((x.shape[-1], self.features), self.init)}

    def apply(self, scope: Scope, x: Array) -> Array:
        return x @ scope.param("kernel").astype(x.dtype)

    def flops(self, x: TensorType) -> Dim:
        return x.size * 2 * self.features

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(-1)


class Decayed(Function):
    """Each element and half of what the one before it has become: y[t] = x[t] + y[t - 1] / 2 along axis 1.

    [batch, length, features] -> the same. FLOPs: 2 per element.
    """

    inputs = (In("x", "[batch, length, features]", rank=3),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[2, 5, 3]",)), Example(cls(), ("f32[1, 4, 2]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return self._run(x, jnp.zeros_like(x[:, :1]))

    def _run(self, x: Array, before: Array) -> Array:
        """The results behind the one before."""
        rows = []
        for place in range(x.shape[1]):
            before = x[:, place : place + 1] + before / 2
            rows.append(before)
        return jnp.concatenate(rows, 1)

    def flops(self, x: TensorType) -> Dim:
        return x.size * 2

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(0, 2)

    def step(self, use: Use) -> tuple[Array, Past]:
        x = use.inputs[0]
        if not use.moves(0, 1):
            return use.alone(), None
        before = jnp.zeros_like(x[:, :1]) if use.past is None else use.past
        made = self._run(x, before)
        return made, use.stretch.behind(before, made, 1)[1]


class Twice(Function):
    """y = 2 * x."""

    inputs = (In("x", "any shape"),)
    elementwise = True

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[2, 4]",)), Example(cls(), ("f32[]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return 2 * x


class Table(Layer):
    """A vector for each number: y = rows[ids]. Parameter `rows` [size, size]."""

    inputs = (In("ids", "whole numbers", dtype="int"),)

    size: Size
    """Number and length of the vectors."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(size=7), ("i32[2]",)), Example(cls(size=8), ("i32[2, 3]",)))

    def shape(self, facts: Facts, ids: TensorType) -> TensorType:
        return TensorType("f32", (*ids.shape, self.size))

    def params(self, ids: TensorType) -> dict[str, Weight]:
        return {"rows": Weight((self.size, self.size), Ones())}

    def apply(self, scope: Scope, ids: Array) -> Array:
        return jnp.take(scope.param("rows"), ids, axis=0)

    def flow(self, passage: Passage) -> Flow:
        return passage.made()


class TableAttend(Method):
    """The product with every vector of a shared `acme.table`: [..., size] -> the same. FLOPs: 2 · size per element."""

    of = "table"
    inputs = (In("x", "any leading axes, then the features", rank=1),)

    size: Size
    """Number and length of the vectors."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(size=7), ("f32[2, 7]",)), Example(cls(size=8), ("f32[8]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape((*x.shape[:-1], self.size))

    def params(self, x: TensorType) -> dict[str, Weight]:
        return {"rows": Weight((self.size, self.size), Ones())}

    def apply(self, scope: Scope, x: Array) -> Array:
        return x @ scope.param("rows").T.astype(x.dtype)

    def flops(self, x: TensorType) -> Dim:
        return x.size * 2 * self.size
