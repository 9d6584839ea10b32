"""Defines what a problem is, a class with facts: its prose is written once, in the class, and `drawing` shows it. Floor 0.

A diagnostic class is a frozen dataclass whose fields are facts (names, shapes, dims), never sentences. Its slug is its
name in kebab case (`UnknownArgument` -> `unknown-argument`). Its docstring says what it means, and its section in `docs/problems/` begins
with the same words; there stand wrong specs that raise exactly this class, the output, and right ones that are clean (all are tests).

Code that finds a problem but does not know the place (a shape rule) raises `Mistake(diagnostic)` and names the guilty input or
argument in `blame`; `infer` puts the caret there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

from netspec.diagnostics.drawing.cells import escape
from netspec.record import fields, record, replace
from netspec.source import NOWHERE, Span


@record
class Place:
    """A second place that helps to see the problem, with the words drawn under it."""

    span: Span
    text: str


@record
class Edit:
    """One textual repair: replace the span by the text (an empty span inserts)."""

    span: Span
    text: str
    raw: bool = False
    """The text is of the file's own form: JSON, in a spec that is JSON."""


@record
class Repair:
    """One way to mend a problem: edits that are applied together, and the words by which a help shows them."""

    edits: tuple[Edit, ...]
    words: str = ""
    guess: bool = False
    """It holds a value that only a person knows, or changes what is computed in one way of several: shown, and never written unasked."""


_NUMBER = re.compile(r"(?<![\w.])[0-9][0-9_]*(?:\.[0-9]+)?(?:e-?[0-9]+)?")


def holds_new_number(before: str, after: str) -> bool:
    """A text that is written for another one holds a number that did not stand there."""
    return not set(_NUMBER.findall(after)) <= set(_NUMBER.findall(before))


def written(edits: Iterable[Edit]) -> list[Edit]:
    """Edits as the source wants them: in JSON, words inside of one string, with JSON's escapes; none where others are among them."""
    edits = list(edits)
    if all(e.raw or e.span.source.pointers is None for e in edits):
        return edits
    return [Edit(e.span, _escape(e.text)) for e in edits] if all(map(_in_string, edits)) else []


def _in_string(edit: Edit) -> bool:
    pointers = edit.span.source.pointers
    return pointers is not None and pointers.in_string(edit.span.start, edit.span.end)


def _escape(text: str) -> str:
    import json  # only specs in JSON need it

    return json.dumps(text, ensure_ascii=False)[1:-1]


@record(kw_only=True)
class Diagnostic:
    """Base of every problem. Subclasses add facts and override `message`, and where they can `label`, `places`, `help`, `edits`."""

    severity: ClassVar[str] = "error"  # or "warning"
    lacks_a_value: ClassVar[bool] = False
    """Something is missing where it stands: a name that nothing uses may be that."""
    guesses: ClassVar[bool] = False
    """Its edits hold a value that only a person knows."""
    covers_text: ClassVar[bool] = False
    """Of what it covers only problems of the text are part of it: the call is of an op that is known."""
    late: ClassVar[bool] = False
    """It is said of files without errors alone, so that behind a repair it may be seen for the first time: the repair did not make it."""
    exit_code: ClassVar[int] = 1
    """What a command ends with: 1 for a problem of the spec or the data, 2 for one of the machine."""

    at: Span = NOWHERE
    """The guilty text."""
    blame: str | None = None
    """The input or argument that is guilty, while the place is not known yet."""
    trail: tuple[Place, ...] = ()
    """The calls that led into the block where the problem is, innermost first."""
    chain: tuple[Place, ...] = ()
    """Where the shapes came from: places along the chain, each with its shape."""
    ways: tuple[Repair, ...] = ()
    """Repairs found where the problem was found, the likeliest first."""
    tried: bool = False
    """The repairs have been tried on the whole file: `held` is the one that the file accepts, if any is."""
    held: Repair | None = None

    @classmethod
    def slug(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    def message(self) -> str:
        """One sentence: what is wrong, with the facts. No full stop is needed when it ends in code."""
        return self.slug().replace("-", " ")

    def label(self) -> str:
        """The words under the caret; may be empty."""
        return ""

    def places(self) -> Sequence[Place]:
        """Further places: the first definition of a duplicate name, the other operand, …"""
        return ()

    def help(self) -> str | None:
        """One repair in words."""
        return self.proposed() or None if self.ways else None

    def edits(self) -> Sequence[Edit]:
        """The repair that is proposed, as edits of the source as it is written. Once the repairs were tried, which `check` does, it is the
        one that held; before, only one that is known exactly."""
        if self.tried:
            return written(self.held.edits) if self.held else []
        return written(self.own_edits())

    def own_edits(self) -> Sequence[Edit]:
        """The repair that a class knows, when it is known exactly."""
        return ()

    def statements_missing(self) -> tuple[str, ...]:
        """Statements of the model that would mend it: what is to be known of its sizes."""
        return ()

    def repairs(self) -> Sequence[Repair]:
        """Repairs in the order of preference: the first one that the whole file accepts is proposed (`diagnostics.trials`)."""
        edits = tuple(self.own_edits())
        return self.ways or ((Repair(edits, guess=self.guesses),) if edits else ())

    def chosen(self) -> Repair | None:
        """The repair that held when it was tried on the whole file; before the trial the first one there is."""
        return self.held if self.tried else next(iter(self.repairs()), None)

    def proposed(self) -> str:
        """What the chosen repair writes, as a help says it; nothing where none is chosen."""
        chosen = self.chosen()
        words = chosen.words if chosen is not None else ""
        return words if "`" in words or not words else f"write `{words}`"

    def covers(self) -> Span | None:
        """The text of the call that it is about: problems inside of it are part of the same mistake (`diagnostics.nested`)."""
        return None

    def mistake(self) -> object:
        """What two problems that are one mistake, made at two places, have in common; None where each is one of its own."""
        return None

    def in_words(self) -> Self:
        """The same problem with facts that may stand in words: names, values and paths cannot break a line or steer a terminal."""
        facts = {field.name: getattr(self, field.name) for field in fields(self)}
        changed = {name: safe for name, fact in facts.items() if (safe := escape_fact(fact)) is not fact}
        return replace(self, **changed) if changed else self


def escape_fact(fact: Any) -> Any:
    """A fact whose strings, at any depth, stay in their line; the very same where they do already."""
    if isinstance(fact, str):
        return fact if fact.isprintable() else escape(fact)
    if isinstance(fact, Place):
        text = escape_fact(fact.text)
        return fact if text is fact.text else Place(fact.span, text)
    if type(fact) in (tuple, list):
        parts = type(fact)(escape_fact(part) for part in fact)
        return parts if any(a is not b for a, b in zip(parts, fact, strict=True)) else fact
    if isinstance(fact, Mapping):
        made = {escape_fact(key): escape_fact(value) for key, value in fact.items()}
        return made if any(a is not b or made[a] is not fact[b] for a, b in zip(made, fact, strict=True)) else fact
    return fact


class Mistake(Exception):
    """Carries a diagnostic out of code that cannot place it. Never reaches a user."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message())
        self.diagnostic = diagnostic
