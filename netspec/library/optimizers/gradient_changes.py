"""What stands beside an optimizer and changes gradients or steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, ClassVar

from netspec.library.base import Clock, Example, Leaf, Optimizer, Transformation
from netspec.library.base.field_bounds import Field
from netspec.library.base.path_patterns import matches
from netspec.library.gradients import gradient_changes
from netspec.library.gradients.core import compose
from netspec.library.gradients.decay import decay_weights
from netspec.library.optimizers.argument_bounds import NonNegative, Tiny


class Centralize(Optimizer):
    """Gradient centralisation: takes from the gradient of every kernel its mean over what enters an output. It stands before an optimizer.

    Vectors and numbers stay as they are.
    """

    source = "Yong, Huang, Hua and Zhang 2020, Gradient centralization: a new optimization technique for deep neural networks"
    descends: ClassVar[bool] = False

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls()))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(centralize=gradient_changes.centralize(leaves))


class AddNoise(Optimizer):
    """Adds normal noise to gradients, of variance eta / t ** gamma in the t-th update. It stands before an optimizer.

    The noise of a parameter depends on the seed, the number of the update and the parameter's path only, so it is the same on any number
    of devices and after a resume.
    """

    source = "Neelakantan and others 2015, Adding gradient noise improves learning for very deep networks"
    descends: ClassVar[bool] = False

    eta: Tiny = 0.01
    """The variance in the first update."""
    gamma: NonNegative = 0.55
    """How fast it falls; 0 keeps it."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Another seed, other noise."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(eta=0.3, gamma=0.0, seed=7)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(noise=gradient_changes.add_noise(self.eta, self.gamma, self.seed, leaves))


class AddDecayedWeights(Optimizer):
    """Adds weight_decay * p to gradients: coupled weight decay, as an L2 term of the loss would. It stands before an optimizer.

    Optimizers with a `weight_decay` of their own say how they use it.
    """

    source = "Krogh and Hertz 1991, A simple weight decay can improve generalization"
    descends: ClassVar[bool] = False

    weight_decay: NonNegative
    """Pull towards zero, added to the gradient."""
    decay_mask: str | None = None
    """Which parameters decay, as a pattern over their paths such as `"**/kernel"`; all of them when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(weight_decay=1e-4)), Example(cls(weight_decay=5e-4, decay_mask="**/kernel")))

    def decays(self) -> dict[str, str]:
        return {"weight_decay": "decay_mask"} if self.weight_decay else {}

    def patterns(self) -> dict[str, str]:
        return {} if self.decay_mask is None else {"decay_mask": self.decay_mask}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        return compose(decay=decay_weights(self.weight_decay, self.decay_mask, leaves))


class Freeze(Optimizer):
    """Leaves parameters as they are: `adam(1e-3) -> freeze("encoder/**")`, or as a group of `groups`.

    It stands behind the optimizer, whose decay of the frozen ones is undone with the rest of their step. Without a pattern it is an
    optimizer that never moves anything. Buffers stay too: those that the pattern matches, and those of a layer none of whose parameters is
    trained any more. Such a layer works as in eval: a frozen `batch_norm` normalises by its running statistics, which do not move.
    """

    behind: ClassVar[bool] = True

    params: str | None = None
    """Which parameters stay, as a pattern over their paths; all of them when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(params="**/kernel")))

    def steps(self) -> tuple[str, ...]:
        return (self.op_name(),) if self.params is None else ()

    def patterns(self) -> dict[str, str]:
        return {} if self.params is None else {"params": self.params}

    def frozen(self, paths: Collection[str]) -> set[str]:
        return {path for path in paths if self.params is None or matches(self.params, path)}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `params` matches no path."""
        return compose(freeze=gradient_changes.freeze(self.params, leaves))
