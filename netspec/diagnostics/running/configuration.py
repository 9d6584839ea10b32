"""Defines the problems of `[tool.netspec]` in pyproject.toml, and of warnings that are chosen by name. Floor 0."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean, one_of
from netspec.record import record


@record(kw_only=True)
class ConfigurationUnreadable(Diagnostic):
    """A pyproject.toml that should say how specs are checked is no TOML."""

    exit_code: ClassVar[int] = 2

    reason: str

    def message(self) -> str:
        return f"this is no TOML: {self.reason}"


@record(kw_only=True)
class UnknownConfiguration(Diagnostic):
    """A key of `[tool.netspec]` in pyproject.toml is none that netspec knows."""

    exit_code: ClassVar[int] = 2

    key: str
    table: str
    options: tuple[str, ...]
    near: tuple[str, ...] = ()

    def message(self) -> str:
        hint = did_you_mean(self.near)
        return f"`[{self.table}]` has no key `{self.key}`" + (f"; {hint}" if hint else "")

    def help(self) -> str | None:
        return f"it has {one_of(self.options)}"


@record(kw_only=True)
class BadConfiguration(Diagnostic):
    """A value of `[tool.netspec]` in pyproject.toml is not of the kind that its key wants."""

    exit_code: ClassVar[int] = 2

    key: str
    expected: str
    found: str

    def message(self) -> str:
        return f"`{self.key}` is {self.expected}, and not {self.found}"


@record(kw_only=True)
class UnknownWarning(Diagnostic):
    """A name that chooses warnings, for `--select`, `--ignore` or `[tool.netspec]`, is that of no problem."""

    exit_code: ClassVar[int] = 2

    where: str
    name: str
    near: tuple[str, ...] = ()

    def message(self) -> str:
        hint = did_you_mean(self.near)
        return f"`{self.where}` names `{self.name}`, which is no warning" + (f"; {hint}" if hint else "")

    def help(self) -> str | None:
        return "`netspec explain` lists all problems"


@record(kw_only=True)
class ErrorChosen(Diagnostic):
    """`--select`, `--ignore` or `[tool.netspec]` names an error. Errors always count: a spec that has one does not compile."""

    exit_code: ClassVar[int] = 2

    where: str
    name: str

    def message(self) -> str:
        return f"`{self.where}` names `{self.name}`, which is an error: errors always count"

    def help(self) -> str | None:
        return f"name warnings only; `netspec explain {self.name}` says how such a spec is mended"
