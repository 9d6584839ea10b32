"""Defines the problems of files that the machine cannot read or write. They end a command with exit code 2. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean
from netspec.record import record


@record(kw_only=True)
class NoSuchFile(Diagnostic):
    """A file that a command was given does not exist."""

    exit_code: ClassVar[int] = 2

    path: str
    near: tuple[str, ...] = ()
    """Files in the same folder with a similar name."""

    def message(self) -> str:
        hint = did_you_mean(self.near)
        return f"there is no file `{self.path}`" + (f"; {hint}" if hint else ".")


@record(kw_only=True)
class NoSpecs(Diagnostic):
    """A command was given a folder in which there is no spec: a check of nothing must not pass."""

    exit_code: ClassVar[int] = 2

    path: str

    def message(self) -> str:
        return f"there is no spec in `{self.path}`"

    def help(self) -> str | None:
        return "specs end in .net or .netspec, or are JSON whose first key is `netspec`; hidden folders are left out"


@record(kw_only=True)
class ReadFailed(Diagnostic):
    """The operating system refused to read a file: a missing permission, a folder in place of a file, a failing disk."""

    exit_code: ClassVar[int] = 2

    path: str
    reason: str
    """In the words of the operating system."""

    def message(self) -> str:
        return f"cannot read `{self.path}`: {self.reason}."


@record(kw_only=True)
class NotAFile(Diagnostic):
    """Only regular files are read: a pipe may be waited for without end, and a device may give bytes without end."""

    exit_code: ClassVar[int] = 2

    path: str
    kind: str
    """What it is: "a named pipe", "a device", "a symbolic link"."""

    def message(self) -> str:
        return f"cannot read `{self.path}`: it is {self.kind}, not a file."


@record(kw_only=True)
class WriteFailed(Diagnostic):
    """The operating system refused to write a file: a full disk, a missing permission, a missing folder."""

    exit_code: ClassVar[int] = 2

    path: str
    step: str
    """What was being done: "making the folder", "creating the file", "writing the content", "renaming it into place", …"""
    reason: str
    repair: str = "make room or choose another folder"
    """What to do, in words."""

    def message(self) -> str:
        return f"cannot write `{self.path}`: {self.reason} (while {self.step})."

    def help(self) -> str | None:
        return f"what stood there before is unharmed; {self.repair}"


@record(kw_only=True)
class AlreadyExists(Diagnostic):
    """A command would overwrite something that it did not make in this run."""

    exit_code: ClassVar[int] = 2

    path: str
    instead: str = "choose another name"
    """What to do, in words."""

    def message(self) -> str:
        return f"`{self.path}` exists already."

    def help(self) -> str | None:
        return self.instead


@record(kw_only=True)
class BrokenInstallation(Diagnostic):
    """A file that belongs to netspec itself is missing: the package was installed or copied incompletely."""

    exit_code: ClassVar[int] = 2

    path: str
    looked: tuple[str, ...] = ()
    """Folders that were searched."""

    def message(self) -> str:
        return f"netspec's own file `{self.path}` is missing."

    def help(self) -> str | None:
        return "install netspec again: pip install --force-reinstall netspec-jax"


def choose_exit_code(diagnostics: Sequence[Diagnostic]) -> int:
    """0 without errors (warnings do not count), 2 when the machine is at fault, else 1."""
    return max((d.exit_code for d in diagnostics if d.severity == "error"), default=0)
