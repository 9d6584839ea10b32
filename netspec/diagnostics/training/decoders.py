"""Defines the problems of decoders: what they are told, and what asks for their answers. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class TokenOutside(Diagnostic):
    """`start` and `stop` are elements that the output has scores for, whole numbers below its last size; and the model takes every element
    that may be generated."""

    name: str
    value: int
    output: str
    classes: int
    feeds: str = ""
    """The input that takes fewer elements than there are; "": an argument is meant."""
    taken_by: str = ""
    """The op that takes those of the input below `value`."""

    def message(self) -> str:
        scores = f"`{self.output}` has scores of 0 to {self.classes - 1}"
        if self.feeds:
            return (
                f"`{self.name}` may generate {self.value}: {scores}, but `{self.taken_by}` takes 0 to {self.value - 1} of `{self.feeds}`."
            )
        return f"`{self.name}={self.value}` is no element: {scores}"

    def help(self) -> str | None:
        chosen = self.chosen() if self.ways else None
        if chosen is not None:
            return f"write `{chosen.words}`"
        if not self.feeds:
            return None
        return f"let them be as many: `{self.taken_by}` for {self.classes} elements, or `{self.output}` with scores of {self.value}"


@record(kw_only=True)
class LimitTooLong(Diagnostic):
    """The longest answer does not fit the model: what is known of the fed input's length excludes it."""

    feeds: str
    limit: int
    length: int
    symbol: str
    low: int | None
    high: int | None

    def message(self) -> str:
        most = f" is at most {self.high}" if self.high is not None and self.length > self.high else " cannot have that size"
        return f"`limit={self.limit}` makes `{self.feeds}` {self.length} long, but its dim {self.symbol}{most}"

    def help(self) -> str | None:
        chosen = self.chosen()
        return f"write `{chosen.words}`" if chosen is not None else None


@record(kw_only=True)
class BeginsTwice(Diagnostic):
    """The model moves its input to the right itself, so that its output at a position says what stands there, from the first one on. The
    decoder's `start` is a second beginning: it becomes the first element of the sequence, which the model puts its own in front of, and the
    model was not trained on such sequences."""

    severity: ClassVar[str] = "warning"

    feeds: str
    output: str
    start: int
    model: str
    without: Span = NOWHERE
    """The argument with the comma that goes with it."""
    declared: Span = NOWHERE

    def message(self) -> str:
        own = f"`{self.model}` moves `{self.feeds}` to the right and begins by itself"
        return f"a sequence would begin twice: {own}, and `start={self.start}` is the first element of `{self.feeds}`"

    def places(self) -> Sequence[Place]:
        return () if self.declared is NOWHERE else (Place(self.declared, f"`{self.output}` says what stands at each position of it"),)

    def help(self) -> str | None:
        return "leave `start` out"

    def own_edits(self) -> Sequence[Edit]:
        return [] if self.without is NOWHERE else [Edit(self.without, "")]


@record(kw_only=True)
class AnswerUnknown(Diagnostic):
    """`serve.NAME` is what the file's `serve` section generates for the input NAME of the trained model. It is known in `eval` only: it
    takes a search for each example, and nothing can be learned through it."""

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
