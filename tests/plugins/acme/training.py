"""What trains, of the plugin `acme`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from netspec.lazy import jnp, np
from netspec.library.base import (
    Array,
    Clock,
    Dataset,
    Example,
    In,
    Initializer,
    Leaf,
    Loss,
    Metric,
    Optimizer,
    Schedule,
    Scope,
    Transform,
    Transformation,
)
from netspec.library.decoders.search import Greedy
from netspec.library.gradients import compose, descend
from netspec.shape import Facts, TensorType

PAIR = (In("found", "any shape"), In("right", "the same shape"))


class Spread(Initializer):
    """Numbers from 0 to 1 at equal distances."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()),)

    def sample(self, draws: object, shape: tuple[int, ...], fan: tuple[int, int]) -> Array:
        return np.linspace(0, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


class Held(Loss):
    """|found - right|."""

    inputs = PAIR

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4]", "f32[4]")), Example(cls(), ("f32[4, 2]", "f32[4, 2]")))

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return inputs[0]

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        return jnp.abs(inputs[0] - inputs[1])


class Signed(Metric):
    """1 where both have the same sign."""

    inputs = PAIR

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4]", "f32[4]")), Example(cls(), ("f32[4, 2]", "f32[4, 2]")))

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return inputs[0]

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        return (jnp.sign(inputs[0]) == jnp.sign(inputs[1])).astype(inputs[0].dtype)


class Halved(Schedule):
    """start / 2 ** step."""

    start: float
    """The number at step 0."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(start=1.0)), Example(cls(start=2.0)))

    def value(self, step: Array, clock: Clock) -> Array:
        return self.start / 2.0 ** jnp.asarray(step, jnp.float32)


class SignSgd(Optimizer):
    """Steps of one length, against the gradient."""

    learning_rate: float | Schedule
    """Length of a step."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(learning_rate=0.1)), Example(cls(learning_rate=Halved(start=1.0))))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(step=descend(self.learning_rate, clock))


class Line(Dataset):
    """Points of the line y = 2 * x."""

    count: int = 32
    """How many."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(count=8)))

    def fields(self) -> dict[str, TensorType]:
        return {"x": TensorType("f32", ("B", 1)), "y": TensorType("f32", ("B", 1))}

    def load(self, folder: Path | None) -> dict[str, Array]:
        x = np.linspace(-1, 1, self.count, dtype=np.float32)[:, None]
        return {"x": x, "y": 2 * x}

    def known_count(self) -> int:
        return self.count


class Negated(Transform):
    """The field with its sign turned."""

    field: str
    """Which field."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(field="x")), Example(cls(field="y")))

    def apply(self, batch: dict[str, Array], draws: object) -> dict[str, Array]:
        return {**batch, self.field: -batch[self.field]}

    def apply_eval(self, batch: dict[str, Array]) -> dict[str, Array]:
        return self.apply(batch, None)


class First(Greedy):
    """As `greedy`."""
