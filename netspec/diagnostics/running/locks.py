"""Defines the problems of lock files: one that is missing, that cannot be read, or that a spec has drifted away from. Floor 0."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.record import record

SHOWN = 3
"""So many facts are told one by one."""


def shell_word(path: str) -> str:
    """A path as one word of a shell."""
    import shlex  # which a check without problems has no use for

    return shlex.quote(path)


@record(kw_only=True)
class LockMissing(Diagnostic):
    """A spec is to be as its lock says (`--locked`, or `locked = true` in pyproject.toml), and there is no lock beside it."""

    path: str
    """Of the lock."""
    spec: str
    option: str = "--locked"
    """What was typed and asks for it."""
    configuration: str = ""
    """The file whose `[tool.netspec]` asks for it, where nothing was typed that does."""

    def message(self) -> str:
        asked = f"`locked = true` in `{self.configuration}`" if self.configuration else f"`{self.option}`"
        return f"there is no lock `{self.path}`, and {asked} asks for one"

    def help(self) -> str | None:
        return f"write it with `netspec lock {shell_word(self.spec)}`, and keep it with the spec"


@record(kw_only=True)
class LockDrifted(Diagnostic):
    """A spec is not what its lock says: a layer, a setting, a parameter's training, or a default of the library has changed since it was
    written."""

    path: str
    """Of the lock."""
    spec: str
    facts: tuple[str, ...]
    """What has changed, a sentence for each."""
    version: str = ""
    """The library that wrote the lock, where it is another one."""

    def message(self) -> str:
        first, *more = self.facts
        news = "".join(f"; {text}" for text in more[: SHOWN - 1])
        rest = len(self.facts) - SHOWN
        by = f" (written by netspec {self.version})" if self.version else ""
        return f"the spec is not as `{self.path}`{by} says: {first}{news}" + (f"; and {rest:,} more" if rest > 0 else "")

    def help(self) -> str | None:
        more = "; `--diff` shows all" if len(self.facts) > SHOWN else ""
        return f"if that is meant, write the lock anew with `netspec lock {shell_word(self.spec)}`{more}; else take the change back"


@record(kw_only=True)
class LockUnreadable(Diagnostic):
    """What stands where a spec's lock should be is no lock: damaged, of another form, too large, or not a plain file."""

    path: str
    spec: str
    reason: str

    def message(self) -> str:
        return f"`{self.path}` is no lock that can be read: {self.reason}"

    def help(self) -> str | None:
        return f"bring it back from the repository, or take it away and write a new one with `netspec lock {shell_word(self.spec)}`"


@record(kw_only=True)
class LockOfAnotherVersion(Diagnostic):
    """A lock was written by another version of netspec. What the spec means is the same, by its hash."""

    severity: ClassVar[str] = "warning"

    path: str
    spec: str
    version: str
    now: str

    def message(self) -> str:
        return f"`{self.path}` was written by netspec {self.version}, and this is {self.now}; the spec means the same"

    def help(self) -> str | None:
        return f"`netspec lock {shell_word(self.spec)}` writes it anew"
