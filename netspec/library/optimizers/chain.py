"""Gradient transformations one after another."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.optimizing import OptimizerStepsTwice, OptimizerWithoutStep
from netspec.library.base import Clock, Example, Leaf, Optimizer, Transformation
from netspec.library.base.fields import Field
from netspec.library.gradients.core import compose
from netspec.library.optimizers.adam import Adam
from netspec.library.optimizers.clipping import ClipByGlobalNorm
from netspec.library.optimizers.gradient_descent import Sgd


class Chain(Optimizer):
    """Gradient transformations one after another; what `->` between optimizers makes. Exactly one of them takes the step."""

    parts: tuple[Optimizer, ...] = Field(min_length=1)
    """The transformations in order."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(parts=(ClipByGlobalNorm(max_norm=1.0), Adam(learning_rate=1e-3)))),
            Example(cls(parts=(ClipByGlobalNorm(max_norm=0.5), Sgd(learning_rate=0.1, momentum=0.9)))),
        )

    def steps(self) -> tuple[str, ...]:
        return tuple(name for part in self.parts for name in part.steps())

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(**{f"{i}_{part.op_name()}": part.build(clock, leaves) for i, part in enumerate(self.parts)})


def step_problem(optimizer: Optimizer) -> Diagnostic | None:
    """The problem of a chain that never steps against the gradient, so that it would climb, or does so twice; None when it is fine."""
    steps = optimizer.steps()
    if not steps:
        return OptimizerWithoutStep(parts=tuple(part.op_name() for part in flat(optimizer)))
    return OptimizerStepsTwice(steps=steps) if len(steps) > 1 else None


def flat(optimizer: Optimizer) -> list[Optimizer]:
    """The parts of a chain, those of chains within it too."""
    return [leaf for part in optimizer.parts for leaf in flat(part)] if isinstance(optimizer, Chain) else [optimizer]
