"""The data of `train`: fields that the model needs, and chains that give none."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class InputNotAField(Diagnostic):
    """Every input of the trained model must be a field of the data, of the same name and a type that fits.

    ```net bad
    model M {
      input picture: f32[B, 8, 8, 1]
      output logits = picture -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = adam(0.001)
      duration = 2 epochs
    }
    ```
    ```net good
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = adam(0.001)
      duration = 2 epochs
    }
    ```
    """

    model: str
    input: str
    wanted: str
    fields: tuple[str, ...]
    """The fields with their types, as `image: f32[B, 8, 8, 1]`."""
    near: str = ""
    declared: Span = NOWHERE

    def message(self) -> str:
        return f"the data has no field `{self.input}`, which `{self.model}` takes as an input"

    def places(self) -> Sequence[Place]:
        return [] if self.declared is NOWHERE else [Place(self.declared, self.wanted)]

    def help(self) -> str | None:
        fields = f"its fields are {', '.join(f'`{f}`' for f in self.fields)}"
        return f"call the input `{self.near}`: {fields}" if self.near else fields


@record(kw_only=True)
class FieldMismatch(Diagnostic):
    """A field of the data has another type than the model's input of that name.

    ```net bad
    model M {
      input image: f32[B, 28, 28, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = adam(0.001)
      duration = 2 epochs
    }
    ```
    ```net good
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = adam(0.001)
      duration = 2 epochs
    }
    ```
    """

    model: str
    input: str
    wanted: str
    found: str
    why: str
    declared: Span = NOWHERE
    repair: str = ""

    def message(self) -> str:
        return f"`{self.model}` takes {self.wanted} as `{self.input}`, but the data gives {self.found}: {self.why}"

    def places(self) -> Sequence[Place]:
        return [] if self.declared is NOWHERE else [Place(self.declared, f"declared here as {self.wanted}")]

    def help(self) -> str | None:
        return self.repair or None


@record(kw_only=True)
class OutputIsAField(Diagnostic):
    """An output of the model has the name of a field of the data, so that name would mean two things in `train`.

    ```net bad
    model M {
      input image: f32[B, 8, 8, 1]
      output label = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(label, label)
      optimizer = adam(0.001)
      duration = 2 epochs
    }
    ```
    ```net good
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = adam(0.001)
      duration = 2 epochs
    }
    ```
    """

    name: str
    declared: Span = NOWHERE

    def message(self) -> str:
        return f"`{self.name}` is an output of the model and a field of the data"

    def places(self) -> Sequence[Place]:
        return [] if self.declared is NOWHERE else [Place(self.declared, "the output")]

    def help(self) -> str | None:
        return "give the output another name"


@record(kw_only=True)
class NotADataChain(Diagnostic):
    """`data` is a chain that begins with a dataset and has one `batch`: `mnist() -> shuffle -> batch(128)`.

    ```net bad
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> shuffle
      loss = softmax_cross_entropy(logits, label)
      optimizer = adam(0.001)
      duration = 2 epochs
    }
    ```
    ```net good
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> shuffle -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = adam(0.001)
      duration = 2 epochs
    }
    ```
    """

    why: str
    repair: str = ""

    def message(self) -> str:
        return f"this data chain {self.why}"

    def help(self) -> str | None:
        return self.repair or None
