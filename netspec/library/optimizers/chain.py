"""Gradient transformations one after another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import prod
from typing import Any, ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.training.groups import ScaledTooLate
from netspec.diagnostics.training.optimizers import OptimizerStepsTwice, OptimizerWithoutStep
from netspec.library.base import Array, Clock, Example, Leaf, Optimizer, Transformation
from netspec.library.base.field_bounds import Field
from netspec.library.gradients.core import compose


class Chain(Optimizer):
    """Gradient transformations one after another; what `->` between optimizers makes. Exactly one of them takes the step."""

    composed: ClassVar[bool] = True

    parts: tuple[Optimizer, ...] = Field(min_length=1)
    """The transformations in order."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        from netspec.library.optimizers.adam import Adam  # as the two others here: a check of a spec without them goes without
        from netspec.library.optimizers.clipping import ClipByGlobalNorm
        from netspec.library.optimizers.gradient_descent import Sgd

        return (
            Example(cls(parts=(ClipByGlobalNorm(max_norm=1.0), Adam(learning_rate=1e-3)))),
            Example(cls(parts=(ClipByGlobalNorm(max_norm=0.5), Sgd(learning_rate=0.1, momentum=0.9)))),
        )

    def in_order(self) -> tuple[Optimizer, ...]:
        return self.parts

    def steps(self) -> tuple[str, ...]:
        return tuple(name for part in self.parts for name in part.steps())

    def frozen(self, paths: Collection[str]) -> set[str]:
        return {path for part in self.parts for path in part.frozen(paths)}

    def rates(self, step: Array, clock: Clock, state: Any) -> dict[str, Array | float]:
        """Those of the part that takes the step, times what parts behind it make of its steps."""
        own = [(part, state.get(self._key(i)) if isinstance(state, Mapping) else None) for i, part in enumerate(self.parts)]
        shrunk = prod(part.shrinks(known) for part, known in own if known is not None)
        found = {name: rate for part, known in own for name, rate in part.rates(step, clock, known).items()}
        return {name: rate * shrunk for name, rate in found.items()}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(**{self._key(i): part.build(clock, leaves) for i, part in enumerate(self.parts)})

    def _key(self, number: int) -> str:
        """What the state of a part is called."""
        return f"{number}_{self.parts[number].op_name()}"


def step_problem(optimizer: Optimizer) -> Diagnostic | None:
    """The problem of a chain that never steps against the gradient, so that it would climb, or does so twice; None when it is fine."""
    problem = next((found for part in inner_optimizers(optimizer) if (found := step_problem(part)) is not None), None)
    if problem is not None:
        return problem
    nested = [inner for part in inner_optimizers(optimizer) for inner in flatten_chain(part)]
    late = next((part for part in (*nested, *(flatten_chain(optimizer) if isinstance(optimizer, Chain) else ())) if part.scales), None)
    if late is not None:
        return ScaledTooLate(part=late.op_name())
    steps = optimizer.steps()
    if not steps:
        return OptimizerWithoutStep(parts=tuple(part.op_name() for part in flatten_chain(optimizer)))
    return OptimizerStepsTwice(steps=steps) if len(steps) > 1 else None


def inner_optimizers(optimizer: Optimizer) -> Iterator[Optimizer]:
    """Optimizers that must each take a step: those of groups, and those in arguments."""
    for part in flatten_chain(optimizer):
        for value in vars(part).values():
            found = value.values() if isinstance(value, Mapping) else (value,)
            yield from (inner for inner in found if isinstance(inner, Optimizer))


def flatten_chain(optimizer: Optimizer) -> list[Optimizer]:
    """The parts of a chain, those of chains within it too."""
    return [leaf for part in optimizer.parts for leaf in flatten_chain(part)] if isinstance(optimizer, Chain) else [optimizer]
