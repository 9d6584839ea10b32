"""A learning rate that follows the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from netspec.library.base import Array, Clock, Example, Leaf, Optimizer, Positive, Transformation
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.optimizers.argument_bounds import NonNegative
from netspec.library.schedules.curves import Fraction
from netspec.library.schedules.plateau import Plateau, reduce_on_plateau


class ReduceOnPlateau(Optimizer):
    """Makes steps smaller when the loss no longer falls: `adam(1e-3) -> reduce_on_plateau(0.5, patience=5, accumulation_size=200)`.

    It looks at the mean of the training loss over `accumulation_size` steps. A look is better than the best so far when it is below
    `(1 - rtol) * best - atol`; after `patience` looks in a row that are not, the steps are multiplied by `factor` once more. With one look
    an epoch, `patience` counts epochs. It stands behind the optimizer, whose own rate may be a schedule.
    """

    source = "optax.contrib.reduce_on_plateau; ReduceLROnPlateau of Keras and PyTorch"
    descends: ClassVar[bool] = False
    behind: ClassVar[bool] = True
    watches_loss: ClassVar[bool] = True

    factor: Fraction = 0.1
    """What the steps are multiplied by, each time."""
    patience: Positive = 10
    """How many looks in a row may be no better."""
    rtol: Annotated[float, Field(ge=0, le=1)] = 1e-4
    """How much better a look must be, as a part of the best."""
    atol: NonNegative = 0.0
    """How much better a look must be besides."""
    cooldown: Annotated[int, Field(ge=0)] = 0
    """So many looks are not counted after each time."""
    accumulation_size: Positive = 1
    """Steps of a look: the losses of single batches differ too much to be compared."""
    min_scale: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The factors together never fall below this."""

    @model_validator(mode="after")
    def _some_tolerance(self) -> None:
        """Checks that some tolerance is above 0, so that an improvement can be told from none."""
        if self.rtol == 0 and self.atol == 0:
            raise ValueError("an `rtol` of 0 and an `atol` of 0")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(factor=0.5, patience=5, cooldown=2, accumulation_size=200, min_scale=0.01)))

    def shrinks(self, state: Any) -> Array:
        """The factors so far."""
        return state["scale"]

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        rules = Plateau(self.factor, self.patience, self.rtol, self.atol, self.cooldown, self.accumulation_size, self.min_scale)
        return reduce_on_plateau(rules)
