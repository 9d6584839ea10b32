"""Methods of shared instances: `e.attend`."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.names.unknown_names import _Near
from netspec.record import record


@record(kw_only=True)
class UnknownMethod(_Near):
    """A name with a dot calls a method that the instance before the dot does not have.

    ```net bad
    model M {
      input tokens: i32[B, T]
      shared e = embed(100, 8)
      output logits = tokens -> e -> e.atend
    }
    ```
    ```net good
    model M {
      input tokens: i32[B, T]
      shared e = embed(100, 8)
      output logits = tokens -> e -> e.attend
    }
    ```
    """

    instance: str
    of: str
    """What it is an instance of."""
    method: str

    def message(self) -> str:
        return f"`{self.instance}` is an instance of `{self.of}`, which has no method `{self.method}`"

    def help(self) -> str | None:
        return super().help() or f"use the instance itself: `-> {self.instance}`"


@record(kw_only=True)
class MethodNeedsInstance(Diagnostic):
    """A method works with the weights of an instance, so there has to be one: `shared` makes it.

    ```net bad
    model M {
      input x: f32[B, 8]
      output logits = x -> embed.attend(100, 8)
    }
    ```
    ```net good
    model M {
      input x: f32[B, 8]
      shared e = embed(100, 8)
      output logits = x -> e.attend
    }
    ```
    """

    layer: str
    method: str

    def message(self) -> str:
        return f"`{self.method}` is a method of shared instances of `{self.layer}`, and there is no instance here"

    def help(self) -> str:
        return f"write `shared e = {self.layer}(…)`, then `-> e.{self.method}`"
