"""Problems of what makes a step: several optimizers (`update NAME { }`), several batches (`accumulate`). Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import one_of
from netspec.record import record


@record(kw_only=True)
class SettingBesideUpdates(Diagnostic):
    """A section has either `loss` and `optimizer`, or one or more `update NAME { }` with a loss and an optimizer each, not both.

    ```net bad
    model M {
      input image: f32[B, 8, 8, 1]
      h = image -> flatten -> body: dense(16) -> relu
      output logits = h -> head: dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      update low { loss = softmax_cross_entropy(logits, label); params = "body/**"; optimizer = sgd(0.01) }
      update high { loss = softmax_cross_entropy(logits, label); params = "head/**"; optimizer = adam(0.001) }
      duration = 2 epochs
    }
    ```
    ```net good
    model M {
      input image: f32[B, 8, 8, 1]
      h = image -> flatten -> body: dense(16) -> relu
      output logits = h -> head: dense(10)
    }
    train M {
      data = digits() -> batch(32)
      let xent = softmax_cross_entropy(logits, label)
      update low { loss = xent; params = "body/**"; optimizer = sgd(0.01) }
      update high { loss = xent; params = "head/**"; optimizer = adam(0.001) }
      duration = 2 epochs
    }
    ```
    """

    name: str
    updates: tuple[str, ...]

    def message(self) -> str:
        updates = " and ".join(f"`update {name}`" for name in self.updates)
        return f"each `update` has a `{self.name}` of its own, so the section beside {updates} has none."

    def help(self) -> str | None:
        if self.name == "loss":
            return "leave it out, or write it as a `let` and use that in each `update`; what is reported as `loss` is the sum of theirs"
        return "leave it out, or move it into one of them"


@record(kw_only=True)
class UntrainedParameters(Diagnostic):
    """No `update` trains some parameters: they keep their initial values. That may be wanted, but more often a pattern is too narrow.

    ```net bad
    model M {
      input image: f32[B, 8, 8, 1]
      h = image -> flatten -> body: dense(16) -> relu
      output logits = h -> head: dense(10)
    }
    train M {
      data = digits() -> batch(32)
      update high { loss = softmax_cross_entropy(logits, label); params = "head/**"; optimizer = adam(0.001) }
      duration = 2 epochs
    }
    ```
    ```net good
    model M {
      input image: f32[B, 8, 8, 1]
      h = image -> flatten -> body: dense(16) -> relu
      output logits = h -> head: dense(10)
    }
    train M {
      data = digits() -> batch(32)
      update both { loss = softmax_cross_entropy(logits, label); params = ["body/**", "head/**"]; optimizer = adam(0.001) }
      duration = 2 epochs
    }
    ```
    """

    severity = "warning"

    paths: tuple[str, ...]
    """The parameters that nothing trains."""
    count: int
    """How many there are in all."""

    def message(self) -> str:
        return f"no `update` trains {len(self.paths)} of the {self.count} parameters: {one_of(self.paths, limit=3)}.".replace(
            " or ", " and "
        )

    def help(self) -> str | None:
        return "widen the pattern of one `update`, or add an `update` for them"


@record(kw_only=True)
class EpochShorterThanStep(Diagnostic):
    """With `accumulate = k` a step takes k batches, and an epoch of the data has fewer than that: no step would be whole.

    Found when the data are read.

    ```text bad
    data = digits() -> batch(1_000)
    accumulate = 4
    ```
    ```text good
    data = digits() -> batch(250)
    accumulate = 4
    ```
    """

    batches: int
    accumulate: int

    def message(self) -> str:
        return f"a step takes `accumulate = {self.accumulate}` batches, but an epoch of the data has {self.batches} only."

    def help(self) -> str | None:
        return f"make the batches smaller, or `accumulate` {self.batches} or less" if self.batches > 1 else "make the batches smaller"
