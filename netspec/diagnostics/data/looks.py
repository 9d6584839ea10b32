"""Defines the problems of looking at files of data before there is a spec. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class OptionNotKept(Diagnostic):
    """`netspec data` was given an option that it cannot do for these files: a label that no spec could learn, values to be predicted ahead
    where some are missing, a spec that could not be written."""

    option: str
    """As it was typed: `--label day`."""
    why: str
    instead: str = ""
    """What to do, in words."""

    def message(self) -> str:
        return f"`{self.option}` cannot be kept: {self.why}."

    def help(self) -> str | None:
        return self.instead or None


@record(kw_only=True)
class NotLookedAt(Diagnostic):
    """`netspec data` was given a file that it does not read: one of another kind, or bytes that are no text."""

    file: str
    instead: str = ""
    """What to do, in words."""

    def message(self) -> str:
        return f"`{self.file}` is no table, no text, and no array that `netspec data` looks at."

    def help(self) -> str | None:
        return self.instead or "it reads .csv, .tsv, .jsonl, .npz, .npy, .conllu, .txt, and folders of pictures"
