"""The sections `train` and `expect`: what they need, and what does not fit."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class MissingSetting(Diagnostic):
    """A `train` section lacks something that training cannot do without.

    ```net bad
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
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

    section: str
    names: tuple[str, ...]

    def message(self) -> str:
        names = " and ".join(f"`{n}`" for n in self.names)
        return f"`{self.section}` needs {names}"

    def help(self) -> str | None:
        lines = {
            "data": "data = digits() -> shuffle -> batch(32)",
            "loss": "loss = softmax_cross_entropy(logits, label)",
            "optimizer": "optimizer = adam(0.001)",
            "duration": "duration = 10 epochs",
        }
        return "for example " + ", ".join(f"`{lines[n]}`" for n in self.names if n in lines)


@record(kw_only=True)
class BadSetting(Diagnostic):
    """A setting's value is not what the setting takes: a number without a unit where a duration is wanted, a loss that is no number, …

    ```net bad
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = adam(0.001)
      duration = 10
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
      duration = 10 epochs
    }
    ```
    """

    name: str
    expected: str
    found: str
    repair: str = ""

    def message(self) -> str:
        return f"`{self.name}` must be {self.expected}, not {self.found}"

    def help(self) -> str | None:
        return f"write `{self.repair}`" if self.repair else None

    def edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.repair)] if self.repair else []


@record(kw_only=True)
class LossNotAMean(Diagnostic):
    """A loss or metric must come from the batch: a loss or metric of the shelf, a tensor, or arithmetic of such means.

    ```net bad
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = 0.5
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
      loss = 0.5 * softmax_cross_entropy(logits, label)
      optimizer = adam(0.001)
      duration = 2 epochs
    }
    ```
    """

    found: str

    def message(self) -> str:
        return f"a loss or metric must be computed from the batch, and this is {self.found}"


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

    def message(self) -> str:
        return f"`{self.model}` takes {self.wanted} as `{self.input}`, but the data gives {self.found}: {self.why}"

    def places(self) -> Sequence[Place]:
        return [] if self.declared is NOWHERE else [Place(self.declared, f"declared here as {self.wanted}")]


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
