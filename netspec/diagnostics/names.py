"""Names: unknown, doubled, unused, or in the wrong place."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.record import record


def quoted(names: Sequence[str]) -> str:
    """`a`, `b` or `c`."""
    ticked = [f"`{n}`" for n in names]
    return ticked[0] if len(ticked) == 1 else f"{', '.join(ticked[:-1])} or {ticked[-1]}"


@record(kw_only=True)
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


@record(kw_only=True)
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


@record(kw_only=True)
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


@record(kw_only=True)
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


@record(kw_only=True)
class NeedsQuotes(Diagnostic):
    """An argument's value is one of a few words, and words are strings: they stand in quotes.

    ```net bad
    model M {
      input x: f32[B, 8, 8, 3]
      output y = x -> max_pool(3, padding=SAME)
    }
    ```
    ```net good
    model M {
      input x: f32[B, 8, 8, 3]
      output y = x -> max_pool(3, padding="SAME")
    }
    ```
    """

    op: str
    name: str
    word: str
    """The word that was meant, as the op spells it."""
    options: tuple[str, ...] = ()

    def message(self) -> str:
        return f"`{self.name}` stands here without quotes; `{self.op}` takes the string `\"{self.word}\"`"

    def label(self) -> str:
        return "read as a name, and nothing has it"

    def help(self) -> str | None:
        return f"write `\"{self.word}\"`"

    def edits(self) -> Sequence[Edit]:
        return [Edit(self.at, f'"{self.word}"')]


@record(kw_only=True)
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


@record(kw_only=True)
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
        return f"`{self.name}` is {article} {self.is_a}, but {self.wanted} is wanted here"


@record(kw_only=True)
class NotYetCompiled(Diagnostic):
    """The language has this form, but this version of netspec does not compile it yet; it says so instead of guessing.

    ```text bad
    serve M { answer = greedy(logits, start=2, stop=1, limit=6) }
    ```
    """

    what: str

    def message(self) -> str:
        return f"{self.what} is part of the language, but this version of netspec does not compile it yet"


@record(kw_only=True)
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
