"""Bodies of blocks and models: names declared twice or never used, outputs that are missing, chains that say something else."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class DuplicateName(Diagnostic):
    """The same name is declared twice where it can only mean one thing.

    ```net bad
    model M {
      param n: int = 4
      input n: f32[B, 8]
      output y = n -> relu
    }
    ```
    ```net good
    model M {
      param n: int = 4
      input x: f32[B, 8]
      output y = x -> dense(n)
    }
    ```
    """

    name: str
    what: str = "name"
    first: Span = NOWHERE
    first_what: str = ""

    def message(self) -> str:
        verb = "stands twice" if self.what == "setting" else "is already taken"
        return f"the {self.what} `{self.name}` {verb}"

    def label(self) -> str:
        return "declared again"

    def places(self) -> Sequence[Place]:
        article = "an" if self.first_what[:1] in ("a", "e", "i", "o") else "a"
        what = f", as {article} {self.first_what}" if self.first_what else ""
        return [] if self.first is NOWHERE else [Place(self.first, f"first declared here{what}")]

    def help(self) -> str | None:
        if self.what == "setting":
            return "delete one of them"
        return "give one of the two another label" if self.what == "path" else "give one of the two another name"


@record(kw_only=True)
class MissingOutput(Diagnostic):
    """A block or model without an `output` computes nothing that anyone could use.

    ```net bad
    model M {
      input x: f32[B, 8]
      y = x -> dense(4)
    }
    ```
    ```net good
    model M {
      input x: f32[B, 8]
      output y = x -> dense(4)
    }
    ```
    """

    name: str
    last: str | None = None
    """The last name bound, a good guess at the output."""
    end: Span = NOWHERE

    def message(self) -> str:
        return f"`{self.name}` has no output"

    def help(self) -> str | None:
        return f"add `output {self.last}` as its last line" if self.last else "add `output name = …`"

    def edits(self) -> Sequence[Edit]:
        return [Edit(self.end, f"  output {self.last}\n")] if self.last and self.end is not NOWHERE else []


@record(kw_only=True)
class UnnamedOutput(Diagnostic):
    """A model's outputs have names, since training, serving and `predict` speak of them.

    ```net bad
    model M {
      input x: f32[B, 8]
      output x -> dense(4)
    }
    ```
    ```net good
    model M {
      input x: f32[B, 8]
      output y = x -> dense(4)
    }
    ```
    """

    model: str

    def message(self) -> str:
        return f"an output of the model `{self.model}` needs a name"

    def help(self) -> str | None:
        return "write `output y = …`"

    def edits(self) -> Sequence[Edit]:
        start = Span(self.at.source, self.at.start, self.at.start)
        return [Edit(start, "y = ")]


@record(kw_only=True)
class UnusedBinding(Diagnostic):
    """A name is bound and never read: often a chain that went on from the wrong name. A leading `_` says that it is meant.

    ```net bad
    model M {
      input x: f32[B, 8]
      h = x -> dense(16) -> relu
      output y = x -> dense(4)
    }
    ```
    ```net good
    model M {
      input x: f32[B, 8]
      h = x -> dense(16) -> relu
      output y = h -> dense(4)
    }
    ```
    """

    severity = "warning"
    name: str
    what: str = "binding"

    def message(self) -> str:
        return f"the {self.what} `{self.name}` is never used"

    def help(self) -> str | None:
        if self.what == "input":
            return "use it or delete the line"
        return f"use it, delete the line, or call it `_{self.name}`"


@record(kw_only=True)
class ResidualNeedsParentheses(Diagnostic):
    """`->` binds loosest: in `x + x -> dense(8)` the *sum* goes through the layer, and the residual connection is lost. Netspec refuses
    a chain whose head is an operator expression in which a name occurs twice; parentheses say which is meant.

    ```net bad
    model M {
      input x: f32[B, 8]
      output y = x + x -> layer_norm -> dense(8)
    }
    ```
    ```net good
    model M {
      input x: f32[B, 8]
      output y = x + (x -> layer_norm -> dense(8))
    }
    ```
    """

    name: str
    head: str
    right: str
    """The operand nearest the arrow."""
    opens: Span = NOWHERE
    closes: Span = NOWHERE

    def message(self) -> str:
        return f"`->` binds loosest, so all of `{self.head}` goes through the chain"

    def label(self) -> str:
        return f"`{self.name}` occurs twice: a residual connection?"

    def help(self) -> str | None:
        return f"for a residual connection write parentheses around `{self.right} -> …`; if the sum is meant, write `({self.head}) -> …`"

    def edits(self) -> Sequence[Edit]:
        return [] if self.opens is NOWHERE else [Edit(self.opens, "("), Edit(self.closes, ")")]


@record(kw_only=True)
class SharedChanges(Diagnostic):
    """A `shared` name is one instance with one set of parameters, but two of its uses would need parameters of different shapes.

    ```net bad
    model M {
      input x: f32[B, 8]
      shared project = dense(4)
      output y = x -> project -> project
    }
    ```
    ```net good
    model M {
      input x: f32[B, 8]
      shared project = dense(8)
      output y = x -> project -> project
    }
    ```
    """

    name: str
    parameter: str
    shape: str
    first: Place

    def message(self) -> str:
        return f"the shared `{self.name}` has one {self.parameter}, but its uses need different ones"

    def label(self) -> str:
        return f"here {self.parameter} is {self.shape}"

    def places(self) -> Sequence[Place]:
        return [self.first]

    def help(self) -> str | None:
        return "give both uses the same sizes, or make two layers"


@record(kw_only=True)
class OnlyInPhase(Diagnostic):
    """A block's output that stands inside `when` exists in that phase only, and so does what is made of it.

    ```net bad
    block Noisy {
      input x: f32[B, D]
      output y = x -> dense(D)
      when train { output noise = 0.1 * x }
    }
    model M {
      input x: f32[B, 8]
      y, noise = x -> Noisy
      output z = y + noise
    }
    ```
    ```net good
    block Noisy {
      input x: f32[B, D]
      output y = x -> dense(D)
      when train { output noise = 0.1 * x }
    }
    model M {
      input x: f32[B, 8]
      y, noise = x -> Noisy
      when train { y = y + noise }
      output z = y
    }
    ```
    """

    name: str
    phase: str

    def message(self) -> str:
        return f"`{self.name}` exists only in the phase `{self.phase}`, and this is done in other phases too"

    def help(self) -> str | None:
        return f"do it inside `when {self.phase} {{ … }}`"
