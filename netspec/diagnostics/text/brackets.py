"""Problems of a file's frame: brackets, the version line, and what no other class explains. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import NOWHERE, Span

_CLOSING = {"(": ")", "[": "]", "{": "}"}


@record(kw_only=True)
class UnclosedBracket(Diagnostic):
    """A `(`, `[` or `{` is never closed. The second place is where that became clear; the missing bracket belongs somewhere between.

    ```net bad
    model M {
      input x: f32[B, 4]
      for i in range(2) {
        x = x -> dense(8)
      output y = x -> relu
    }
    ```

    ```net good
    model M {
      input x: f32[B, 4]
      for i in range(2) {
        x = x -> dense(8)
      }
      output y = x -> relu
    }
    ```
    """

    bracket: str
    noticed: Span

    def message(self) -> str:
        return f"this `{self.bracket}` is never closed."

    def label(self) -> str:
        return f"opened here, `{_CLOSING[self.bracket]}` is missing"

    def places(self) -> Sequence[Place]:
        text = "the file ends here" if self.noticed.start >= len(self.noticed.source.text) else "noticed here"
        return (Place(self.noticed, text),)

    def help(self) -> str | None:
        return f"add the `{_CLOSING[self.bracket]}`"


@record(kw_only=True)
class StrayBracket(Diagnostic):
    """A `)`, `]` or `}` that closes nothing.

    ```net bad
    model M {
      input x: f32[B, 4]
      output y = x -> dense(8))
    }
    ```

    ```net good
    model M {
      input x: f32[B, 4]
      output y = x -> dense(8)
    }
    ```
    """

    bracket: str

    def message(self) -> str:
        return f"this `{self.bracket}` closes nothing."

    def help(self) -> str | None:
        return f"delete it, or add the `{ {v: k for k, v in _CLOSING.items()}[self.bracket] }` that it should close"

    def edits(self) -> Sequence[Edit]:
        return (Edit(self.at, ""),)


@record(kw_only=True)
class WrongBracket(Diagnostic):
    """A bracket is closed by one of another kind.

    ```net bad
    model M {
      input x: f32[B, 4]
      output y = x -> dense(8]
    }
    ```

    ```net good
    model M {
      input x: f32[B, 4]
      output y = x -> dense(8)
    }
    ```
    """

    bracket: str
    opened: Span

    def message(self) -> str:
        return f"`{self.opened.text}` is closed by `{_CLOSING[self.opened.text]}`, and not by `{self.bracket}`."

    def places(self) -> Sequence[Place]:
        return (Place(self.opened, "opened here"),)

    def help(self) -> str | None:
        return f"write `{_CLOSING[self.opened.text]}`"

    def edits(self) -> Sequence[Edit]:
        return (Edit(self.at, _CLOSING[self.opened.text]),)


@record(kw_only=True)
class MissingVersion(Diagnostic):
    """The first line of a spec names the version of the language, so that old files keep their meaning.

    ```net bad whole
    model M {
      input x: f32[B, 4]
      output y = x -> relu
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 4]
      output y = x -> relu
    }
    ```
    """

    empty: bool
    """Nothing stands in the file."""
    known: int

    def message(self) -> str:
        if self.empty:
            return f"the file is empty; the first line of a spec is `netspec {self.known}`."
        return f"the first line must be `netspec {self.known}`, the version of the language."

    def help(self) -> str | None:
        return f"add `netspec {self.known}` as the first line"

    def edits(self) -> Sequence[Edit]:
        return (Edit(Span(self.at.source, 0, 0), f"netspec {self.known}\n\n"),)


@record(kw_only=True)
class BadVersion(Diagnostic):
    """The first line is not of the form `netspec 1`: the word, and the version as one whole number.

    ```net bad
    netspec 1.0
    model M {
      input x: f32[B, 4]
      output y = x -> relu
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 4]
      output y = x -> relu
    }
    ```
    """

    found: str
    known: int

    def message(self) -> str:
        return f"the first line is `netspec` and the version of the language, `{self.known}`, and nothing else."

    def help(self) -> str | None:
        return f"write `netspec {self.known}`"

    def edits(self) -> Sequence[Edit]:
        return (Edit(self.at, f"netspec {self.known}"),)


@record(kw_only=True)
class NewerVersion(Diagnostic):
    """The file is written in a newer version of the language than this netspec knows. Nothing else in it is checked.

    ```net bad
    netspec 99
    model M {
      input x: f32[B, 4]
      output y = x -> relu
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 4]
      output y = x -> relu
    }
    ```
    """

    found: str
    known: int

    def message(self) -> str:
        return f"this file is written in version {self.found} of the language; this netspec reads version {self.known}."

    def help(self) -> str | None:
        return "install a newer netspec: `pip install --upgrade netspec-jax`"


@record(kw_only=True)
class UnexpectedWord(Diagnostic):
    """A word or sign that cannot stand at its place.

    ```net bad
    model M {
      input x: f32[B, 4]
      for i = range(3) { x = x -> dense(4) }
      output y = x
    }
    ```

    ```net good
    model M {
      input x: f32[B, 4]
      for i in range(3) { x = x -> dense(4) }
      output y = x
    }
    ```
    """

    found: str
    """What stands there, in words."""
    expected: tuple[str, ...] = ()
    """What may stand there, in words; empty when that is too much to say."""
    opened: Span = NOWHERE
    """The bracket around the place, when it helps."""

    def message(self) -> str:
        if not self.expected:
            return f"{self.found} cannot stand here."
        *most, last = self.expected
        return f"expected {', '.join(most)} or {last}, but found {self.found}." if most else f"expected {last}, but found {self.found}."

    def places(self) -> Sequence[Place]:
        return () if self.opened is NOWHERE else (Place(self.opened, "inside of this"),)
