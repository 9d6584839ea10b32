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
class NoConfiguration(Diagnostic):
    """`--config` names a file that has no `[tool.netspec]`, so that nothing would be asked of the specs."""

    exit_code: ClassVar[int] = 2

    path: str

    def message(self) -> str:
        return f"`{self.path}` has no table `[tool.netspec]`"

    def help(self) -> str | None:
        return "add the table, or ask for nothing by `--config none`"


@record(kw_only=True)
class BudgetCoversNothing(Diagnostic):
    """A pattern of `[tool.netspec.budgets]` in pyproject.toml is that of no file that is checked: a folder was renamed, or the pattern is
    misspelt. It is said where a check looks at the whole folder that the pattern is about, never of single files."""

    severity: ClassVar[str] = "warning"

    pattern: str

    def message(self) -> str:
        return f"the budget `{self.pattern}` covers no spec"

    def help(self) -> str | None:
        return "patterns are paths below the folder of this file: `*` is any part of a name, `**/` any folders"


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
