"""Defines the problems of specs of strangers, which may not take long, take much memory or reach files by links. `netspec check
--untrusted` refuses them. Floor 0.
"""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class TimeLimit(Diagnostic):
    """Checking an untrusted spec took longer than it may. The place is where the check was when it was stopped."""

    seconds: float
    doing: str
    """What the check was doing, as "proving this"."""

    def message(self) -> str:
        return f"the check was stopped after {self.seconds:g} s, while it was {self.doing}."

    def help(self) -> str | None:
        return "check it without --untrusted, if you trust it"


@record(kw_only=True)
class MemoryLimit(Diagnostic):
    """Checking an untrusted spec needed more memory than it may have."""

    limit: str

    def message(self) -> str:
        return f"the check needed more than {self.limit} of memory and was stopped."

    def help(self) -> str | None:
        return "check it without --untrusted, if you trust it"


@record(kw_only=True)
class FileRefused(Diagnostic):
    """An untrusted spec is, or imports, a file that is not plainly a file of its own folder: through a symbolic or a hard link, a pipe
    or a device, or by a path that leads up with `..`. What stands elsewhere could be shown in the problems' drawings."""

    path: str
    why: str

    def message(self) -> str:
        return f"`{self.path}` is not read: {self.why}."
