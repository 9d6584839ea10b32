"""Problems of decoders: what they are told, what they begin with, and what asks for their answers."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class TokenOutside(Diagnostic):
    """`start` and `stop` are elements that the output has scores for: whole numbers below its last size.

    ```net bad
    model M {
      input tokens: i32[B, T]
      output logits = tokens -> embed(20, 8) -> dense(20)
    }
    serve M { tokens = greedy(logits, start=1, stop=20, limit=5) }
    ```
    ```net good
    model M {
      input tokens: i32[B, T]
      output logits = tokens -> embed(20, 8) -> dense(20)
    }
    serve M { tokens = greedy(logits, start=1, stop=19, limit=5) }
    ```
    """

    name: str
    value: int
    output: str
    classes: int

    def message(self) -> str:
        return f"`{self.name}={self.value}` is no element: `{self.output}` has scores of 0 to {self.classes - 1}"


@record(kw_only=True)
class LimitTooLong(Diagnostic):
    """The longest answer does not fit the model: what is known of the fed input's length excludes it.

    ```net bad
    model M {
      dim T <= 8
      input tokens: i32[B, T]
      output logits = tokens -> embed(20, 8) -> dense(20)
    }
    serve M { tokens = greedy(logits, start=1, limit=20) }
    ```
    ```net good
    model M {
      dim T <= 8
      input tokens: i32[B, T]
      output logits = tokens -> embed(20, 8) -> dense(20)
    }
    serve M { tokens = greedy(logits, start=1, limit=8) }
    ```
    """

    feeds: str
    limit: int
    length: int
    symbol: str
    low: int | None
    high: int | None

    def message(self) -> str:
        most = f" is at most {self.high}" if self.high is not None and self.length > self.high else " cannot have that size"
        return f"`limit={self.limit}` makes `{self.feeds}` {self.length} long, but its dim {self.symbol}{most}"


@record(kw_only=True)
class AnswerUnknown(Diagnostic):
    """`serve.NAME` is what the file's `serve` section generates for the input NAME of the trained model. It is known in `eval` only: it
    takes a search for each example, and nothing can be learned through it.

    ```net bad
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = adam(0.001)
      duration = 1 epoch
      eval { metric found = mean(serve.image) }
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
      duration = 1 epoch
      eval { metric found = accuracy(logits, label) }
    }
    ```
    """

    name: str
    model: str
    answers: tuple[str, ...] = ()
    elsewhere: bool = False
    """It stands outside `eval`."""

    def message(self) -> str:
        if self.elsewhere:
            return f"`{self.name}` is known in `eval` only"
        return f"nothing generates `{self.name}` for `{self.model}`"

    def help(self) -> str | None:
        if self.elsewhere:
            return "measure it in `eval { … }`"
        if self.answers:
            return f"its `serve` generates {', '.join(f'`serve.{name}`' for name in self.answers)}"
        return f"write a section `serve {self.model} {{ {self.name.partition('.')[2] or 'tokens'} = greedy(logits, start=1, limit=50) }}`"


@record(kw_only=True)
class BeginningNeeded(Diagnostic):
    """A sequence cannot be generated from nothing: either the decoder has a `start`, or the caller gives the first elements, or the model
    moves its input to the right itself (`shift_right`).

    `netspec predict` finds this in the arrays it is given:

    ```text bad
    serve M { tokens = greedy(logits, limit=5) }
    ```
    """

    feeds: str
    why: str = ""

    def message(self) -> str:
        return f"`{self.feeds}` has no beginning to go on from{f': {self.why}' if self.why else ''}"

    def help(self) -> str | None:
        return f"give the array `{self.feeds}`, the first elements of each sequence, or the decoder a `start`"


@record(kw_only=True)
class NothingToDecode(Diagnostic):
    """A program was asked for generated sequences, but no `serve` section of its spec generates any, or not that one.

    It is found when a program runs:

    ```text bad
    netspec.compile("m.net").decode(state)
    ```
    """

    model: str
    name: str = ""
    answers: tuple[str, ...] = ()

    def message(self) -> str:
        what = f"`{self.name}`" if self.name else "anything"
        return f"no `serve {self.model}` generates {what}" + (f", only {', '.join(f'`{a}`' for a in self.answers)}" if self.answers else "")
