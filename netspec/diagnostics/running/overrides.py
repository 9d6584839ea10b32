"""Defines the problems of `--set NAME=VALUE`: names and paths that do not exist, values that cannot be read. Floor 0.

The place says by which door a value came in: a source called `--set NAME`, or `set: NAME` for `set={"NAME": …}` of Python.
"""

from __future__ import annotations

import json
import re
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.record import record, replace
from netspec.source import COMMAND_LINE, Source, Span

PYTHON = "set: "
"""Beginning of the path of a source that is a value of Python's `set`."""


def say_in_python(problem: Diagnostic) -> Diagnostic:
    """The problem of a value that came in by Python's `set`, in words of Python; any other as it is."""
    at = problem.at
    if not at.source.path.startswith(COMMAND_LINE):
        return problem
    source = Source(PYTHON + at.source.path.removeprefix(COMMAND_LINE), at.source.text)
    return replace(problem, at=Span(source, at.start, at.end))


def write_part(at: Span, path: str, text: str) -> str:
    """What sets a value, by the door that it came in: `--set width=3`, `set={"width": 3}`."""
    return python_part(path, text) if at.source.path.startswith(PYTHON) else quote_part(path, text)


def name_part(at: Span, path: str, value: str = "…") -> str:
    """The same as it was given, unquoted."""
    return python_part(path, value) if at.source.path.startswith(PYTHON) else f"--set {path}={value}"


def python_part(path: str, text: str) -> str:
    """The argument of Python that sets a value: numbers as they are, other texts of the language as strings."""
    plain = text == "…" or re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", text)
    quoted = f"'{text}'" if '"' in text and "'" not in text else json.dumps(text, ensure_ascii=False)
    return f'set={{"{path}": {text if plain else quoted}}}'


def quote_part(path: str, text: str) -> str:
    """The part of a command line that sets a value, as a shell takes it."""
    plain = all(character.isalnum() or character in "._-+*/@:," for character in text)
    return f"--set {path}={text}" if plain else f"--set {path}={quote(text)}"


def quote(text: str) -> str:
    """A value in the quotes of a shell: double ones where nothing in it means something inside of them."""
    return f"'{text}'" if any(character in text for character in '"$`\\!') else f'"{text}"'


def part_of(at: Span, text: str) -> str:
    """The part of the command line with another value, where the place is a value of it; else ""."""
    door = next((door for door in (COMMAND_LINE, PYTHON) if at.source.path.startswith(door)), "")
    return write_part(at, at.source.path.removeprefix(door), text) if door else ""


@record(kw_only=True)
class UnknownOverride(Diagnostic):
    """`--set NAME=VALUE` names a param or setting that the spec does not have. `NAME` is a param of the file or of the trained model,
    `Model.NAME` one of another model, `train.optimizer.learning_rate` a setting or an argument inside one."""

    path: str
    near: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()
    """The path and the value that are meant."""
    instead: str = ""
    """What is true, where nothing is to be set."""

    def message(self) -> str:
        return f"`{name_part(self.at, self.path)}` names nothing in this spec"

    def help(self) -> str | None:
        if self.meant:
            return f"write `{write_part(self.at, *self.meant)}`"
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
        return f"`{name_part(self.at, self.path)}` could mean several arguments"

    def help(self) -> str | None:
        value = self.at.text or "…"
        return "write " + " or ".join(f"`{write_part(self.at, c, value)}`" for c in self.candidates)


@record(kw_only=True)
class BadOverride(Diagnostic):
    """The value of `--set` is not an expression of the language."""

    path: str
    value: str
    why: str
    repair: str = ""
    """The value that is meant."""

    def message(self) -> str:
        return f"`{name_part(self.at, self.path, self.value)}`: {self.why}"

    def help(self) -> str | None:
        if self.repair:
            return f"write `{write_part(self.at, self.path, self.repair)}`"
        length = re.fullmatch(r"(\d[\d_.]*)\s*-?(epoch|step)s?", self.value)
        if length is not None:
            return f"write `{write_part(self.at, self.path, f'{length[1]} {length[2]}' + 's' * (length[1] != '1'))}`"
        return f"write `{name_part(self.at, self.path)}` with a value of the language" if not self.value.strip() else None


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
