"""Problems of losses and metrics: labels, targets and masks that do not fit what the model gives. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.shapes import BATCH
from netspec.record import record
from netspec.shape import TensorType


def without_last(name: str, axes: int) -> str:
    """The text that takes a last axis of size 1 away."""
    return f"`{name}[" + ", ".join([":"] * axes + ["0"]) + "]`"


@record(kw_only=True)
class LabelsShape(Diagnostic):
    """Labels must say one class for each prediction: logits `[B, C]` go with integer labels `[B]`, or with floats `[B, C]`, a distribution.

    `[B, 1]` is not `[B]`: stretching it would compare every example with every other one.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, image)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```

    ```net good
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    op: str
    logits: TensorType
    labels: TensorType
    expected: TensorType
    """The type that the labels should have."""

    def message(self) -> str:
        return f"`{self.op}` with logits {self.logits} needs labels {self.expected}, but they are {self.labels}."

    def label(self) -> str:
        return str(self.labels)

    def help(self) -> str | None:
        have, want = self.labels.shape, self.expected.shape
        if len(have) == len(want) + 1 and have[:-1] == want and have[-1] == 1:
            return "take the last axis away: `labels[" + ", ".join([":"] * len(want) + ["0"]) + "]`"
        if self.labels.is_int and self.labels.shape == self.logits.shape:
            return "integer labels are class numbers; a one-hot array must be in floats: `cast(labels, f32)`"
        fixed = [a for a, b in zip(have, want, strict=False) if a.is_constant and str(b) == BATCH]
        if len(have) == len(want) and fixed:
            return f"write `{BATCH}`, the size of the batch, for {fixed[0]}: `iota({BATCH})`, `zeros([{BATCH}])`, …"
        return None


@record(kw_only=True)
class UnequalClasses(Diagnostic):
    """A distribution over classes (one-hot labels) must have as many classes as the logits.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(12)
      output target = image -> flatten -> dense(10) -> softmax
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, target)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```

    ```net good
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
      output target = image -> flatten -> dense(10) -> softmax
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, target)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    op: str
    logits: TensorType
    labels: TensorType

    def message(self) -> str:
        classes, given = self.logits.shape[-1], self.labels.shape[-1]
        return f"`{self.op}` needs as many classes in the labels as in the logits, but the labels have {given} and the logits {classes}."

    def label(self) -> str:
        return str(self.labels)

    def help(self) -> str | None:
        return f"make the last layer `dense({self.labels.shape[-1]})`, or the labels {self.logits.shape[-1]} classes long"


@record(kw_only=True)
class UnequalTargets(Diagnostic):
    """A loss that compares numbers one by one needs predictions and targets of exactly the same shape, and both in floats.

    Nothing is stretched: predictions `[B, 1]` with targets `[B]` would compare every example with every other one.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output y = image -> flatten -> dense(1)
      output target = image -> flatten -> dense(2)
    }
    train M {
      data = digits() -> batch(32)
      loss = mean_squared_error(y, target)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```

    ```net good
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output y = image -> flatten -> dense(2)
      output target = image -> flatten -> dense(2)
    }
    train M {
      data = digits() -> batch(32)
      loss = mean_squared_error(y, target)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    op: str
    predictions: TensorType
    targets: TensorType

    def message(self) -> str:
        return f"`{self.op}` needs targets of the predictions' shape, but they are {self.targets} and the predictions {self.predictions}."

    def label(self) -> str:
        return str(self.targets)

    def help(self) -> str | None:
        have, want = self.predictions.shape, self.targets.shape
        if have == want:
            return "the targets must be floats: `cast(targets, f32)`"
        if len(have) == len(want) + 1 and have[:-1] == want and have[-1] == 1:
            return f"take the last axis of the predictions away: {without_last('predictions', len(want))}"
        return None


@record(kw_only=True)
class MaskShape(Diagnostic):
    """A mask says for each value of a loss or metric whether it counts, so it has exactly the shape of the values.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label, mask=image)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```

    ```net good
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    op: str
    values: TensorType
    mask: TensorType

    def message(self) -> str:
        return f"`{self.op}` gives values {self.values}, but its mask is {self.mask}; the shapes must be equal."

    def label(self) -> str:
        return str(self.mask)
