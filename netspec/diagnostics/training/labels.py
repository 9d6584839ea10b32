"""Problems of labels that are no classes, or too few for what is asked of them. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.training.targets import one_too_many
from netspec.record import record
from netspec.shape import TensorType


@record(kw_only=True)
class UnequalLabels(Diagnostic):
    """Yes-or-no labels must have exactly the shape of the logits: one answer for each number, nothing is stretched."""

    op: str
    logits: TensorType
    labels: TensorType
    operands: tuple[str, ...] = ()
    """Both as written, where they are known."""

    def message(self) -> str:
        return f"`{self.op}` needs labels of the logits' shape, but they are {self.labels} and the logits {self.logits}."

    def label(self) -> str:
        return str(self.labels)

    def help(self) -> str | None:
        logits, labels = self.logits.shape, self.labels.shape
        if spare := one_too_many((("logits", self.logits), ("labels", self.labels)), self.operands):
            return spare
        if logits[:-1] == labels and self.labels.is_int:
            return f"for class numbers write `softmax_cross_entropy`, or compare class by class with `one_hot(labels, {logits[-1]})`"
        return None


@record(kw_only=True)
class FewerClasses(Diagnostic):
    """A label cannot be among the k largest logits when there are fewer than k logits."""

    op: str
    k: int
    logits: TensorType

    def message(self) -> str:
        return f"`{self.op}` looks at the {self.k} largest logits, but there are {self.logits.shape[-1]}: the logits are {self.logits}."
