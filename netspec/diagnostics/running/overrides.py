"""Defines the problems of `--set NAME=VALUE`: names and paths that do not exist, values that cannot be read. Floor 0."""

from __future__ import annotations

import re
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.record import record
from netspec.source import COMMAND_LINE, Span


def quote_part(path: str, text: str) -> str:
    """The part of a command line that sets a value, as a shell takes it."""
    plain = all(character.isalnum() or character in "._-+*/@:," for character in text)
    return f"--set {path}={text}" if plain else f"--set {path}={quote(text)}"


def quote(text: str) -> str:
    """A value in the quotes of a shell: double ones where nothing in it means something inside of them."""
    return f"'{text}'" if any(character in text for character in '"$`\\!') else f'"{text}"'


def part_of(at: Span, text: str) -> str:
    """The part of the command line with another value, where the place is a value of it; else ""."""
    path = at.source.path
    return quote_part(path.removeprefix(COMMAND_LINE), text) if path.startswith(COMMAND_LINE) else ""


@record(kw_only=True)
class UnknownOverride(Diagnostic):
    """`--set NAME=VALUE` names a param or setting that the spec does not have. `NAME` is a param of the file or of the trained model,
    `Model.NAME` one of another model, `train.optimizer.learning_rate` a setting or an argument inside one."""

    path: str
    near: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    meant: str = ""
    """The part of the command line that says what is meant."""
    instead: str = ""
    """What is true, where nothing is to be set."""

    def message(self) -> str:
        return f"`--set {self.path}=…` names nothing in this spec"

    def help(self) -> str | None:
        if self.meant:
            return f"write `{self.meant}`"
        if self.instead:
            return f"{self.instead}: leave it out"
        if self.near:
            return f"did you mean `{self.near[0]}`?"
        if self.options:
            return f"it can set {', '.join(f'`{o}`' for o in self.options)}"
        name, value = self.path.rpartition(".")[2], self.at.text
        kind = next((kind for kind, form in KINDS.items() if re.fullmatch(form, value)), "")
        return f"the spec has no params: declare it in the model, `param {name}: {kind} = {value}`, and use it there" if kind else None


KINDS = {"int": r"-?\d[\d_]*", "float": r"-?\d[\d_]*\.\d*(e-?\d+)?|-?\d+e-?\d+", "bool": "true|false", "str": r'"[^"]*"'}
"""The type of a param by the form of its value."""


@record(kw_only=True)
class AmbiguousOverride(Diagnostic):
    """A path of `--set` leaves out the op, and several ops of the setting have that argument."""

    path: str
    candidates: tuple[str, ...]

    def message(self) -> str:
        return f"`--set {self.path}=…` could mean several arguments"

    def help(self) -> str | None:
        value = self.at.text or "…"
        return "write " + " or ".join(f"`{quote_part(c, value)}`" for c in self.candidates)


@record(kw_only=True)
class BadOverride(Diagnostic):
    """The value of `--set` is not an expression of the language."""

    path: str
    value: str
    why: str

    def message(self) -> str:
        return f"`--set {self.path}={self.value}`: {self.why}"

    def help(self) -> str | None:
        length = re.fullmatch(r"(\d[\d_.]*)\s*-?(epoch|step)s?", self.value)
        if length is not None:
            return f"write `{quote_part(self.path, f'{length[1]} {length[2]}' + 's' * (length[1] != '1'))}`"
        return f"write `--set {self.path}=…` with a value of the language" if not self.value.strip() else None


@record(kw_only=True)
class OverrideRefused(Diagnostic):
    """Values were set together with `--untrusted`: the spec of a stranger is checked as it was written, and what it may cost is meant of
    that."""

    exit_code: ClassVar[int] = 2

    paths: tuple[str, ...]

    def message(self) -> str:
        return f"`--untrusted` checks a spec as it was written, and `--set` was given for {', '.join(f'`{p}`' for p in self.paths)}."

    def help(self) -> str | None:
        return "leave out one of the two"


@record(kw_only=True)
class UnknownTrain(Diagnostic):
    """`--train NAME` names a `train` section that the spec does not have: the name behind `as`, or the model's."""

    name: str
    near: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def message(self) -> str:
        return f"the spec has no `train` section called `{self.name}`"

    def help(self) -> str | None:
        if self.near:
            return f"did you mean `{self.near[0]}`?"
        return f"it has {', '.join(f'`{o}`' for o in self.options)}" if self.options else "it has no `train` section"
