"""Defines the problems of fields that the model needs, and of data chains that give none. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class InputNotAField(Diagnostic):
    """Every input of the trained model must be a field of the data, of the same name and a type that fits."""

    model: str
    inputs: tuple[tuple[str, str], ...]
    """Every input that no field fills, with its type."""
    fields: tuple[str, ...]
    """The fields with their types, as `image: f32[B, 8, 8, 1]`."""
    renames: tuple[tuple[str, str], ...] = ()
    """(field, input), where fields that nothing else uses would fill every missing input."""
    own: tuple[str, ...] = ()
    """What one example of the missing inputs is, as `image: f32[8, 8, 1]`."""
    declares: bool = False
    """Does the spec itself say what fields the data have?"""
    declared: tuple[Span, ...] = ()
    """Where the inputs are declared."""

    def message(self) -> str:
        names = [f"`{name}`" for name, _ in self.inputs]
        listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        one = len(names) == 1
        return f"the data has no field{'' if one else 's'} {listed}, which `{self.model}` takes as {'an input' if one else 'inputs'}"

    def places(self) -> Sequence[Place]:
        return [Place(span, kind) for span, (_, kind) in zip(self.declared, self.inputs, strict=False) if span is not NOWHERE]

    def help(self) -> str | None:
        fields = f"its fields are {', '.join(f'`{f}`' for f in self.fields)}"
        if self.renames:
            names = " and ".join(f"`{field}`" for field, _ in self.renames)
            return f"call the input{'' if len(self.renames) == 1 else 's'} {names}, or add `{self._stage()}`: {fields}"
        own = ", ".join(self.own)
        if self.declares:
            return f"{fields}; declare what is missing, if the data have it: `fields={{{own}, …}}`"
        return f"{fields}; data of your own have the fields that you say: `arrays(fields={{{own}}})`"

    def own_edits(self) -> Sequence[Edit]:
        end = Span(self.at.source, self.at.end, self.at.end)
        return [Edit(end, f" {self._stage()}")] if self.renames and self.at is not NOWHERE else []

    def _stage(self) -> str:
        names = ", ".join(f'{field}="{name}"' for field, name in self.renames)
        return f"-> rename({names})"


@record(kw_only=True)
class FieldMismatch(Diagnostic):
    """A field of the data has another type than the model's input of that name."""

    model: str
    input: str
    wanted: str
    found: str
    why: str
    declared: Span = NOWHERE
    repair: str = ""

    def message(self) -> str:
        return f"`{self.model}` takes {self.wanted} as `{self.input}`, but the data gives {self.found}: {self.why}"

    def places(self) -> Sequence[Place]:
        return [] if self.declared is NOWHERE else [Place(self.declared, f"declared here as {self.wanted}")]

    def help(self) -> str | None:
        return self.proposed() or self.repair or None


@record(kw_only=True)
class OutputIsAField(Diagnostic):
    """An output of the model has the name of a field of the data, so that name would mean two things in `train`."""

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
    """`data` is a chain that begins with a dataset and has one `batch`: `mnist() -> shuffle -> batch(128)`."""

    why: str
    repair: str = ""
    lacks_batch: bool = False
    """That is all that is missing."""
    changes: tuple[Edit, ...] = ()
    """What makes it one, where that is known."""

    def message(self) -> str:
        return f"this data chain {self.why}"

    def help(self) -> str | None:
        return self.repair or None

    def own_edits(self) -> Sequence[Edit]:
        return self.changes
