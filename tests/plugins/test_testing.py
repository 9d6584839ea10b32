"""`netspec.testing` as the authors of a plugin use it: what keeps the laws passes, and each law can be broken."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from netspec import SpecError
from netspec.lazy import jax, jnp
from netspec.library.base import Array, Example, Function, In, Initializer, Layer, Positive, Scope, Weight
from netspec.library.initializers.distributions import Ones
from netspec.shape import Dim, Facts, TensorType
from netspec.testing import check_op, check_plugin

ORACLES = {
    "fast_dense": lambda op, weights, x: np.einsum("...i,io->...o", x, weights["kernel"]),
    "twice": lambda op, weights, x: x + x,
    "table": lambda op, weights, ids: np.stack([weights["rows"][n] for n in ids.ravel()]).reshape(*ids.shape, -1),
}


@pytest.mark.usefixtures("acme")
def test_a_plugin_keeps_the_laws() -> None:
    check_plugin("acme", oracles=ORACLES)


def test_a_plugin_that_is_not_there_is_told_as_everywhere() -> None:
    with pytest.raises(SpecError) as caught:
        check_plugin("nowhere")
    assert [problem.slug() for problem in caught.value.diagnostics] == ["plugin-missing"]


@pytest.mark.usefixtures("acme")
def test_one_op_of_it() -> None:
    from acme import Table, Twice  # type: ignore[import-not-found]

    check_op(Twice, oracle=lambda op, weights, x: 2 * x)
    check_op(Table)


@pytest.mark.usefixtures("acme")
def test_a_wrong_oracle_and_one_of_nothing() -> None:
    wrong = r"acme.twice breaks 1 law:\n- agrees with its oracle: Twice\(\) of f32\[2, 4\]: .*Mismatch"
    with pytest.raises(AssertionError, match=wrong) as caught:
        check_plugin("acme", oracles={"twice": lambda op, weights, x: 3 * x if x.ndim else 2 * x, "thrice": ORACLES["twice"]})
    assert "acme has no op called thrice" in str(caught.value)


class Doubled(Layer):
    """y = scale · x. Any shape -> the same. Parameter `scale` [features]. FLOPs: 1 per element."""

    inputs = (In("x", "any leading axes, then the features", rank=1),)

    times: Positive = 2
    """How often the scale counts."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[3, 4]",)), Example(cls(times=3), ("f32[2, 5, 4]",)))

    def params(self, x: TensorType) -> dict[str, Weight]:
        return {"scale": Weight((x.shape[-1],), Ones())}

    def apply(self, scope: Scope, x: Array) -> Array:
        return x * self.scale(scope, x) * self.times

    def scale(self, scope: Scope, x: Array) -> Array:
        return scope.param("scale").astype(x.dtype).reshape((1,) * (x.ndim - 1) + (-1,))

    def flops(self, x: TensorType) -> Dim:
        return x.size


class Silent(Doubled):
    times: Positive = 2

    def flops(self, x: TensorType) -> Dim:
        return x.size


class Lonely(Doubled):
    """y = scale · x, of one example. FLOPs: 1 per element."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return Doubled.examples()[:0] + (Example(cls(), ("f32[3, 4]",)),)


class Narrow(Doubled):
    """Says that its result has one feature. FLOPs: 1 per element."""

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape((*x.shape[:-1], 1))


class Counting(Doubled):
    """Wants to know how many examples there are. FLOPs: 1 per element."""

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape((x.shape[0].value, *x.shape[1:]))


class Endless(Initializer):
    """Infinite numbers."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()),)

    def sample(self, rng: Any, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return np.full(shape, np.inf, np.float32)


class Exploding(Doubled):
    """Begins with infinite scales. FLOPs: 1 per element."""

    def params(self, x: TensorType) -> dict[str, Weight]:
        return {"scale": Weight((x.shape[-1],), Endless())}


class Traced(Doubled):
    """Is another function where it is compiled. FLOPs: 1 per element."""

    def apply(self, scope: Scope, x: Array) -> Array:
        return super().apply(scope, x) + (1 if isinstance(x, jax.core.Tracer) else 0)


class Flat(Doubled):
    """Lets no gradient through its scale. FLOPs: 1 per element."""

    def apply(self, scope: Scope, x: Array) -> Array:
        return x * jax.lax.stop_gradient(self.scale(scope, x)) * self.times


class Wide(Doubled):
    """Forgets that its input may be short. FLOPs: 1 per element."""

    def apply(self, scope: Scope, x: Array) -> Array:
        return super().apply(scope, x.astype(jnp.promote_types(x.dtype, jnp.float32)))


class Rough(Doubled):
    """Loses digits where its input has few. FLOPs: 1 per element."""

    def apply(self, scope: Scope, x: Array) -> Array:
        return super().apply(scope, jnp.round(x) if x.dtype == jnp.bfloat16 else x)


class Social(Doubled):
    """Takes the mean of the examples away. FLOPs: 1 per element."""

    mixes: ClassVar[bool] = False

    def apply(self, scope: Scope, x: Array) -> Array:
        return super().apply(scope, x - jnp.mean(x, 0, keepdims=True))

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return self.mixes


class Numbered(Doubled):
    """Adds nothing, as often as there are examples. FLOPs: 1 per element."""

    def apply(self, scope: Scope, x: Array) -> Array:
        return super().apply(scope, x) + 0.0 * len(range(x.shape[0]))


class Honest(Social):
    """Takes the mean of the examples away, and says so. FLOPs: 1 per element."""

    mixes = True


class Forgetful(Function):
    """x where it is large. FLOPs: 1 per element."""

    inputs = (In("x", "any tensor of numbers"),)
    elementwise = True

    limit: float = 0.5
    """What is large; made positive."""

    def __init__(self, /, **given: Any) -> None:
        super().__init__(**{name: abs(value) + 1 for name, value in given.items()})

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4]",)), Example(cls(limit=0.5), ("f32[3, 2]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return jnp.where(x > self.limit, x, 0)


BROKEN = {
    Silent: ("has a page", "says its flops"),
    Lonely: ("has examples",),
    Narrow: ("shape rule is what apply does", "gradient is the slope", "any batch is traced"),
    Counting: ("shape rule takes a symbol for the batch", "examples do not meet", "any batch is traced"),
    Exploding: ("initial values fit",),
    Traced: ("jit changes nothing",),
    Flat: ("gradient is the slope",),
    Wide: ("bf16 stays bf16",),
    Rough: ("bf16 stays bf16",),
    Social: ("examples do not meet",),
    Numbered: ("any batch is traced",),
    Forgetful: ("json means the op", "text means the op"),
}


@pytest.mark.parametrize("cls", BROKEN, ids=lambda cls: cls.__name__)
def test_every_law_can_be_broken(cls: Any) -> None:
    with pytest.raises(AssertionError) as caught:
        check_op(cls)
    found = [line[2:].partition(":")[0] for line in str(caught.value).splitlines() if line.startswith("- ")]
    assert set(BROKEN[cls]) == set(found), str(caught.value)
    assert not cls.namespace, "the class is as it was"


@pytest.mark.parametrize("cls", [Doubled, Honest, Endless], ids=lambda cls: cls.__name__)
def test_what_keeps_the_laws_passes(cls: Any) -> None:
    check_op(cls)


def test_what_an_op_raises_is_a_broken_law_too() -> None:
    class Raising(Doubled):
        """Does not compute. FLOPs: 1 per element."""

        def apply(self, scope: Scope, x: Array) -> Array:
            raise KeyError("scales")

    with pytest.raises(AssertionError, match=r"jit changes nothing: .*KeyError: 'scales'"):
        check_op(Raising)
