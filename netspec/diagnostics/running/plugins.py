"""Defines the problems of plugins, the packages whose ops specs name with the plugin's name before them, `acme.fast_conv`. Floor 0."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean
from netspec.record import record


@record(kw_only=True)
class PluginProblem(Diagnostic):
    """A plugin that was asked for cannot be used."""

    plugin: str


@record(kw_only=True)
class UnknownPlugin(Diagnostic):
    """A spec names an op of a plugin that is installed, but nobody asked for it: netspec imports a plugin only when told to."""

    name: str
    plugin: str

    def message(self) -> str:
        return f"`{self.name}` belongs to the plugin `{self.plugin}`, which was not asked for"

    def label(self) -> str:
        return "not loaded"

    def help(self) -> str | None:
        return f'run with `--plugin {self.plugin}` (in Python: `plugins=["{self.plugin}"]`); `--untrusted` never loads plugins'


@record(kw_only=True)
class PluginMissing(PluginProblem):
    """A plugin was asked for that no installed package has."""

    exit_code: ClassVar[int] = 2

    near: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    """All plugins that are installed."""

    def message(self) -> str:
        hint = did_you_mean(self.near)
        return f"there is no plugin `{self.plugin}`" + (f"; {hint}" if hint else ".")

    def help(self) -> str | None:
        if self.near:
            return None
        known = ", ".join(f"`{name}`" for name in self.options)
        return f"installed: {known or 'none'}; install the package that has it beside netspec"


@record(kw_only=True)
class PluginBroken(PluginProblem):
    """A plugin is installed, but cannot be loaded: its module fails, or what it gives are not classes of ops."""

    exit_code: ClassVar[int] = 2

    package: str
    reason: str

    def message(self) -> str:
        return f"the plugin `{self.plugin}` (package `{self.package}`) cannot be loaded: {self.reason}."

    def help(self) -> str | None:
        return "the fault is in that package; `--debug` shows where"


@record(kw_only=True)
class PluginFault(PluginProblem):
    """The code of a plugin failed while netspec used it: the plugin is at fault, neither the spec nor netspec."""

    op: str
    """The op's full name; nothing where the code is that of no op."""
    method: str
    error: str
    """The exception and its words."""
    where: str
    """File and line within the plugin."""

    def message(self) -> str:
        who = f"`{self.op}` of the plugin `{self.plugin}`" if self.op else f"the plugin `{self.plugin}`"
        return f"{who} failed in `{self.method}`: {self.error} ({self.where})"

    def help(self) -> str | None:
        return f"this is a fault of the plugin: report it to the authors of `{self.plugin}`"


@record(kw_only=True)
class PluginRefused(Diagnostic):
    """A plugin was asked for together with `--untrusted`: a plugin is code, and nothing that runs for the spec of a stranger is."""

    exit_code: ClassVar[int] = 2

    plugins: tuple[str, ...]

    def message(self) -> str:
        return f"`--untrusted` loads no plugins, and {', '.join(f'`{name}`' for name in self.plugins)} was asked for."

    def help(self) -> str | None:
        return "leave out one of the two"
