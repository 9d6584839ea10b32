"""Problems of reading specs from revisions of a git repository."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class RevisionUnreadable(Diagnostic):
    """A spec is named as `git:REVISION:PATH`, and git does not give it: git is not installed, the folder is in no repository, or there is
    no such revision or file."""

    exit_code: ClassVar[int] = 2

    name: str
    """As it was given."""
    reason: str
    repair: str

    def message(self) -> str:
        return f"cannot read `{self.name}`: {self.reason}."

    def help(self) -> str | None:
        return self.repair
