"""Defines the problems of names that are looked up and not found: of ops, values, arguments, settings, models, methods. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.diagnostics.text.calls import find_around, find_call
from netspec.record import record
from netspec.source import NOWHERE, Span


def quote_choices(names: Sequence[str]) -> str:
    """`a`, `b` or `c`."""
    ticked = [f"`{n}`" for n in names]
    return ticked[0] if len(ticked) == 1 else f"{', '.join(ticked[:-1])} or {ticked[-1]}"


@record(kw_only=True)
class _Near(Diagnostic):
    near: tuple[str, ...] = ()
    """The nearest names that exist, best first."""
    options: tuple[str, ...] = ()
    """All names that would do, when they are few."""
    how: str = ""
    """How it is said here, where no name of the shelf means the same."""

    def help(self) -> str | None:
        if self.how:
            return self.how
        if self.near:
            return f"did you mean {quote_choices(self.near)}?"
        return f"it has {', '.join(f'`{o}`' for o in self.options)}" if self.options else None

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.near[0])] if self.near else []


@record(kw_only=True)
class UnknownName(_Near):
    """A name is used that nothing in the file, and nothing on the shelf, has."""

    lacks_a_value = True
    name: str
    noun: str = "name"
    below: Span = NOWHERE
    """Where the name is bound further down in the same body."""

    def message(self) -> str:
        return f"there is no {self.noun} `{self.name}`{' yet' if self.below is not NOWHERE else ''}"

    def covers(self) -> Span | None:
        return find_call(self.at) if "layer" in self.noun else None

    def places(self) -> Sequence[Place]:
        return [] if self.below is NOWHERE else [Place(self.below, "bound here, below its use")]

    def own_edits(self) -> Sequence[Edit]:
        if self.ways:
            return self.ways[0].edits
        return [] if self.below is not NOWHERE else super().own_edits()

    def mistake(self) -> object:
        library, dot, _ = self.name.partition(".")
        return (self.slug(), library if dot and self.ways else self.name)

    def label(self) -> str:
        return "not known here"

    def help(self) -> str | None:
        if self.below is not NOWHERE:
            return "statements are read from top to bottom: move that line up"
        repair = self.chosen() if self.ways else None
        if repair is not None and [edit.span for edit in repair.edits] == [self.at] and "(" not in repair.edits[0].text:
            return f"did you mean `{repair.edits[0].text}`?"
        if repair is not None and repair.words and "(" in repair.words:
            return f"{self.how}: write `{repair.words}`" if self.how and not self.how.startswith("write") else f"write `{repair.words}`"
        if repair is not None and "`" in repair.words:
            return repair.words
        if repair is not None and repair.words and not self.near and not self.how:
            return f"did you mean `{repair.words}`?"
        if self.how:
            return self.how
        if self.options and not self.near:
            return f"there {'is' if len(self.options) == 1 else 'are'} {', '.join(f'`{o}`' for o in self.options)}"
        if self.near:
            return super().help()
        return "names must be bound above their first use: a `param`, an `input` or a binding" if self.noun == "value" else None


@record(kw_only=True)
class UnknownWeight(_Near):
    """A weight of an instance is read by a name that none of its weights has."""

    of: str
    """The instance, or the layer below it."""
    name: str
    layer: bool = False
    """The name is that of a layer below it, and no weight."""

    def message(self) -> str:
        if self.layer:
            return f"`{self.of}.{self.name}` is a layer with weights, and no tensor"
        return f"`{self.of}` has no weight `{self.name}`"

    def label(self) -> str:
        return "not one of its weights"

    def help(self) -> str:
        if not self.options:
            return f"`{self.of}` has no weights at all"
        known = f"`{self.of}` has {', '.join(f'`{o}`' for o in self.options)}"
        meant = self.how or (f"did you mean {quote_choices(self.near)}?" if self.near else "")
        return f"{meant}; {known}" if self.how else f"{meant} {known}".strip()


@record(kw_only=True)
class UnknownArgument(_Near):
    """A call passes an argument by a name that the op or block does not have."""

    covers_text = True
    op: str
    name: str
    others: tuple[str, ...] = ()
    """Further arguments of the call that it does not have."""

    def message(self) -> str:
        if not self.others:
            return f"`{self.op}` has no argument `{self.name}`"
        *first, last = (f"`{name}`" for name in (self.name, *self.others))
        return f"`{self.op}` has no arguments {', '.join(first)} and {last}"

    def help(self) -> str | None:
        repair = self.chosen() if self.ways else None
        if repair is not None and repair.words and (self.others or not self.near or len(repair.edits) > 1):
            said = f"{self.how.partition(': `')[0]}: write" if self.how and not self.others else "write"
            return f"{said} `{repair.words}`"
        return super().help() or f"`{self.op}` takes no arguments"

    def covers(self) -> Span | None:
        return find_around(self.at)

    def own_edits(self) -> Sequence[Edit]:
        return self.ways[0].edits if self.ways else super().own_edits()

    def mistake(self) -> object:
        return (self.slug(), frozenset((self.name, *self.others)))


@record(kw_only=True)
class UnknownSetting(_Near):
    """A setting of `train`, `eval`, `checkpoint` or `serve` that does not exist. Settings are a closed set; own values are
    written `let`."""

    section: str
    name: str
    others: tuple[Span, ...] = ()
    """Further lines that belong to the same place."""
    instead: str = ""
    """What is true here, where such a line says nothing."""

    def message(self) -> str:
        return f"`{self.section}` has no setting `{self.name}`"

    def places(self) -> Sequence[Place]:
        return [Place(span, "belongs there too") for span in self.others]

    def help(self) -> str | None:
        if self.instead:
            return f"{self.instead}: leave the line away" if self.ways else f"{self.instead}: `duration` says how long it is"
        form = self.chosen()
        if form is not None:
            return f"write `{form.words}`" if form.words else "that is so without it: leave the line away"
        if self.ways and self.ways[0].words:
            return f"it belongs elsewhere: `{self.ways[0].words}`"
        if self.near and self.name not in self.near:
            return super().help()
        if self.name == "metric":
            return "metrics stand in `train` itself, or in `eval`"
        return f"its settings are {', '.join(f'`{o}`' for o in self.options)}; a value of your own is written `let {self.name} = …`"

    def own_edits(self) -> Sequence[Edit]:
        return self.ways[0].edits if self.ways else ()


@record(kw_only=True)
class UnknownModel(_Near):
    """`train`, `expect` or `serve` names a model that the file does not have."""

    name: str
    section: str

    def message(self) -> str:
        return f"`{self.section} {self.name}` needs a model `{self.name}`, and the file has none"


@record(kw_only=True)
class UnknownMethod(_Near):
    """A name with a dot calls a method that the instance before the dot does not have."""

    instance: str
    of: str
    """What it is an instance of."""
    method: str

    def message(self) -> str:
        return f"`{self.instance}` is an instance of `{self.of}`, which has no method `{self.method}`"

    def help(self) -> str | None:
        return super().help() or f"use the instance itself: `-> {self.instance}`"
