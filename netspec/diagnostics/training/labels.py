"""Problems of labels that are no classes, or too few for what is asked of them. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.training.targets import one_too_many
from netspec.record import record
from netspec.shape import TensorType


@record(kw_only=True)
class UnequalLabels(Diagnostic):
    """Yes-or-no labels must have exactly the shape of the logits: one answer for each number, nothing is stretched.

    Logits `[B, 1]` with labels `[B]` would compare every example with every other one; class numbers `[B]` belong to
    `softmax_cross_entropy`.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output odd = image -> flatten -> dense(1)
    }
    train M {
      data = digits() -> batch(32)
      loss = sigmoid_cross_entropy(odd, label % 2)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```

    ```net good
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output odd = image -> flatten -> dense(1)
    }
    train M {
      data = digits() -> batch(32)
      loss = sigmoid_cross_entropy(odd[:, 0], label % 2)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

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
    """A label cannot be among the k largest logits when there are fewer than k logits.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      metric best = top_k_accuracy(logits, label, k=20)
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
      metric best = top_k_accuracy(logits, label, k=2)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    op: str
    k: int
    logits: TensorType

    def message(self) -> str:
        return f"`{self.op}` looks at the {self.k} largest logits, but there are {self.logits.shape[-1]}: the logits are {self.logits}."
