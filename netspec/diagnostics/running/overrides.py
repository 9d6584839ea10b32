"""Defines the problems of `--set NAME=VALUE`: names and paths that do not exist, values that cannot be read. Floor 0."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class UnknownOverride(Diagnostic):
    """`--set NAME=VALUE` names a param or setting that the spec does not have. `NAME` is a param of the file or of the trained model,
    `Model.NAME` one of another model, `train.optimizer.learning_rate` a setting or an argument inside one."""

    path: str
    near: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def message(self) -> str:
        return f"`--set {self.path}=…` names nothing in this spec"

    def help(self) -> str | None:
        if self.near:
            return f"did you mean `{self.near[0]}`?"
        return f"it can set {', '.join(f'`{o}`' for o in self.options)}" if self.options else None


@record(kw_only=True)
class AmbiguousOverride(Diagnostic):
    """A path of `--set` leaves out the op, and several ops of the setting have that argument."""

    path: str
    candidates: tuple[str, ...]

    def message(self) -> str:
        return f"`--set {self.path}=…` could mean several arguments"

    def help(self) -> str | None:
        return "write " + " or ".join(f"`{c}`" for c in self.candidates)


@record(kw_only=True)
class BadOverride(Diagnostic):
    """The value of `--set` is not an expression of the language."""

    path: str
    value: str
    why: str

    def message(self) -> str:
        return f"`--set {self.path}={self.value}`: {self.why}"


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
