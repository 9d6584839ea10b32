"""Problems of the data chain between a dataset and the model. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest, one_of
from netspec.record import record
from netspec.shape import TensorType


@record(kw_only=True)
class NoSuchField(Diagnostic):
    """A step of the data chain works on a field that the batch does not have.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> normalize(0.3, 0.4, field="images") -> batch(32)
      loss = softmax_cross_entropy(logits, label)
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
      data = digits() -> normalize(0.3, 0.4) -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    field: str
    fields: tuple[str, ...]
    """The fields there are."""

    def message(self) -> str:
        return f"the batch has no field `{self.field}`."

    def help(self) -> str | None:
        near = nearest(self.field, self.fields)
        return did_you_mean(near) if near else f"its fields are {one_of(self.fields)}".replace(" or ", " and ")


@record(kw_only=True)
class FieldNotFloat(Diagnostic):
    """A step of the data chain that computes with real numbers is used on a field of whole numbers.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> normalize(4.5, 2.9, field="label") -> batch(32)
      loss = softmax_cross_entropy(logits, label)
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
      data = digits() -> normalize(0.3, 0.4, field="image") -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    op: str
    field: str
    type: TensorType

    def message(self) -> str:
        return f"`{self.op}` needs a field of floats, but `{self.field}` is {self.type}."


@record(kw_only=True)
class ChannelsDiffer(Diagnostic):
    """A list with one number for each channel must be as long as the field's last axis.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> normalize(mean=[0.5, 0.4, 0.4], std=0.2) -> batch(32)
      loss = softmax_cross_entropy(logits, label)
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
      data = digits() -> normalize(mean=0.5, std=0.2) -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = sgd(0.1)
      duration = 2 epochs
    }
    ```
    """

    argument: str
    count: int
    """How many numbers the list has."""
    field: str
    type: TensorType

    def message(self) -> str:
        return f"`{self.argument}` has {self.count} numbers, one for each channel, but `{self.field}` is {self.type}."

    def help(self) -> str | None:
        return f"give one number, or {self.type.shape[-1]}" if self.type.rank > 1 else "give one number"


@record(kw_only=True)
class NoFullBatch(Diagnostic):
    """The data have fewer examples than one batch, and batches that are not full are left out: nothing would be trained.

    ```text bad
    model.fit({"image": images[:10], "label": labels[:10]})     # batch(32)
    error[no-full-batch]: there are 10 examples, fewer than one batch of 32.
    ```

    ```text good
    model.fit({"image": images[:64], "label": labels[:64]})
    ```
    """

    examples: int
    size: int

    def message(self) -> str:
        return f"there are {self.examples} examples, fewer than one batch of {self.size}."

    def help(self) -> str | None:
        if not self.examples:
            return None
        return f'make the batch smaller: `batch({self.examples})`, or fill it up: `batch({self.size}, partial="pad")`'
