"""Names: unknown, doubled, unused, or in the wrong place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.source import NOWHERE, Span


def quoted(names: Sequence[str]) -> str:
    """`a`, `b` or `c`."""
    ticked = [f"`{n}`" for n in names]
    return ticked[0] if len(ticked) == 1 else f"{', '.join(ticked[:-1])} or {ticked[-1]}"


@dataclass(frozen=True, kw_only=True)
class _Near(Diagnostic):
    near: tuple[str, ...] = ()
    """The nearest names that exist, best first."""
    options: tuple[str, ...] = ()
    """All names that would do, when they are few."""

    def help(self) -> str | None:
        if self.near:
            return f"did you mean {quoted(self.near)}?"
        return f"it has {', '.join(f'`{o}`' for o in self.options)}" if self.options else None

    def edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.near[0])] if self.near else []


@dataclass(frozen=True, kw_only=True)
class UnknownName(_Near):
    """A name is used that nothing in the file, and nothing on the shelf, has.

    ```net bad
    model M {
      input x: f32[B, 8]
      output y = x -> dens(4)
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
    noun: str = "name"

    def message(self) -> str:
        return f"there is no {self.noun} `{self.name}`"

    def label(self) -> str:
        return "not known here"

    def help(self) -> str | None:
        if self.near or self.options:
            return super().help()
        return "names must be bound above their first use: a `param`, an `input` or a binding" if self.noun == "value" else None


@dataclass(frozen=True, kw_only=True)
class UnknownArgument(_Near):
    """A call passes an argument by a name that the op or block does not have.

    ```net bad
    model M {
      input x: f32[B, 8, 8, 3]
      output y = x -> conv(4, kernal=3)
    }
    ```
    ```net good
    model M {
      input x: f32[B, 8, 8, 3]
      output y = x -> conv(4, kernel=3)
    }
    ```
    """

    op: str
    name: str

    def message(self) -> str:
        return f"`{self.op}` has no argument `{self.name}`"

    def help(self) -> str | None:
        text = super().help()
        if self.near and self.options:
            return f"{text} It has {', '.join(f'`{o}`' for o in self.options)}"
        return text or f"`{self.op}` takes no arguments"


@dataclass(frozen=True, kw_only=True)
class UnknownSetting(_Near):
    """A setting of `train`, `eval`, `checkpoint` or `serve` that does not exist. Settings are a closed set; own values are written `let`.

    ```net bad
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimiser = adam(0.001)
      optimizer = adam(0.001)
      duration = 1 epoch
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
    }
    ```
    """

    section: str
    name: str

    def message(self) -> str:
        return f"`{self.section}` has no setting `{self.name}`"

    def help(self) -> str | None:
        if self.near:
            return super().help()
        return f"its settings are {', '.join(f'`{o}`' for o in self.options)}; a value of your own is written `let {self.name} = …`"


@dataclass(frozen=True, kw_only=True)
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
        return f"the {self.what} `{self.name}` is already taken"

    def label(self) -> str:
        return "declared again"

    def places(self) -> Sequence[Place]:
        return [] if self.first is NOWHERE else [Place(self.first, f"first declared here{self.first_what and ', as ' + self.first_what}")]

    def help(self) -> str | None:
        return "give one of the two another name"


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class NotCallable(Diagnostic):
    """Something is called, or stands as a stage of a chain, that is not a layer, function or block.

    ```net bad
    model M {
      input x: f32[B, 8]
      h = x -> dense(4)
      output y = x -> h
    }
    ```
    ```net good
    model M {
      input x: f32[B, 8]
      h = x -> dense(4)
      output y = h
    }
    ```
    """

    name: str
    what: str
    """What it is instead: "a tensor", "a number", …"""

    def message(self) -> str:
        return f"`{self.name}` is {self.what}, not something to call"

    def help(self) -> str | None:
        return "a stage after `->` is a layer, a function or a block"


@dataclass(frozen=True, kw_only=True)
class WrongKind(Diagnostic):
    """A built-in thing of the wrong kind: an optimizer where a layer is wanted, a layer where a value is wanted, …

    ```net bad
    model M {
      input x: f32[B, 8]
      output y = x -> adam(0.1)
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
    is_a: str
    wanted: str

    def message(self) -> str:
        article = "an" if self.is_a[0] in "aeio" else "a"
        return f"`{self.name}` is {article} {self.is_a}, but here stands {self.wanted}"


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class NotYetCompiled(Diagnostic):
    """The language has this form, but this version of netspec does not compile it yet; it says so instead of guessing.

    ```text bad
    serve M { answer = greedy(logits, start=2, stop=1, limit=6) }
    ```
    """

    what: str

    def message(self) -> str:
        return f"{self.what} is part of the language, but this version of netspec does not compile it yet"


@dataclass(frozen=True, kw_only=True)
class UnknownModel(_Near):
    """`train`, `expect` or `serve` names a model that the file does not have.

    ```net bad
    model Net {
      input x: f32[B, 8]
      output y = x -> dense(4)
    }
    expect Nut { params == 36 }
    ```
    ```net good
    model Net {
      input x: f32[B, 8]
      output y = x -> dense(4)
    }
    expect Net { params == 36 }
    ```
    """

    name: str
    section: str

    def message(self) -> str:
        return f"`{self.section} {self.name}` needs a model `{self.name}`, and the file has none"
