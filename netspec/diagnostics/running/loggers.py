"""Defines the problems of loggers, which send a training's numbers somewhere else: `netspec train --log NAME`. Floor 0."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean
from netspec.record import record


@record(kw_only=True)
class LoggerMissing(Diagnostic):
    """A logger was asked for that neither netspec nor an installed package has."""

    exit_code: ClassVar[int] = 2

    logger: str
    near: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    """All loggers there are."""

    def message(self) -> str:
        hint = did_you_mean(self.near)
        return f"there is no logger `{self.logger}`" + (f"; {hint}" if hint else ".")

    def help(self) -> str | None:
        return None if self.near else f"there are {', '.join(f'`{name}`' for name in self.options)}; a package may bring others"


@record(kw_only=True)
class LoggerBroken(Diagnostic):
    """A logger of an installed package cannot be used: its module fails, or what it gives is no logger."""

    exit_code: ClassVar[int] = 2

    logger: str
    package: str
    reason: str

    def message(self) -> str:
        return f"the logger `{self.logger}` (package `{self.package}`) cannot be loaded: {self.reason}."

    def help(self) -> str | None:
        return "the fault is in that package: train without `--log` to do without it; `metrics.jsonl` is written in any case"
