"""Text that cannot be read: several of a thing where the language has one, or says it otherwise."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class NoComprehension(Diagnostic):
    """Lists are written out, or grow in a `for`; there are no comprehensions.

    ```net bad
    model M {
      input x: f32[B, 8]
      sizes = [2 * i for i in range(3)]
      output y = x -> dense(sizes[2])
    }
    ```

    ```net good
    model M {
      input x: f32[B, 8]
      sizes = []
      for i in range(3) { sizes = sizes + [2 * i] }
      output y = x -> dense(sizes[2])
    }
    ```
    """

    value: str
    """What each item would be."""

    def message(self) -> str:
        return "a list has no `for` in it."

    def help(self) -> str | None:
        return f"begin with `items = []` and write `for … in … {{ items = items + [{self.value}] }}`"


@record(kw_only=True)
class OneOutput(Diagnostic):
    """An `output` statement names one output; a call with several results is bound to names first.

    ```net bad
    model M {
      input x: f32[B, 8]
      output y, z = split(x, 2)
    }
    ```

    ```net good
    model M {
      input x: f32[B, 8]
      y, z = split(x, 2)
      output y
      output z
    }
    ```
    """

    first: str
    second: str

    def message(self) -> str:
        return "an `output` statement names one output."

    def help(self) -> str | None:
        return f"bind them first, `{self.first}, {self.second} = …`, and then write `output {self.first}` and `output {self.second}`"
