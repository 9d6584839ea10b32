"""Problems in how a spec is written: words, brackets, statements that cannot be read. Floor 0."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.diagnostics.base import Diagnostic
from netspec.source import Span


@dataclass(frozen=True, kw_only=True)
class TooLarge(Diagnostic):
    what: str
    limit: int
    found: int | None = None


@dataclass(frozen=True, kw_only=True)
class BadNumber(Diagnostic):
    text: str


@dataclass(frozen=True, kw_only=True)
class BadEscape(Diagnostic):
    escape: str


@dataclass(frozen=True, kw_only=True)
class WrongQuotes(Diagnostic):
    text: str


@dataclass(frozen=True, kw_only=True)
class UnclosedString(Diagnostic):
    text: str


@dataclass(frozen=True, kw_only=True)
class UnknownCharacter(Diagnostic):
    text: str


@dataclass(frozen=True, kw_only=True)
class ForeignOperator(Diagnostic):
    found: str
    meant: str | None


@dataclass(frozen=True, kw_only=True)
class StrayBracket(Diagnostic):
    bracket: str


@dataclass(frozen=True, kw_only=True)
class UnclosedBracket(Diagnostic):
    bracket: str
    noticed: Span


@dataclass(frozen=True, kw_only=True)
class PositionalAfterNamed(Diagnostic):
    named: Span


@dataclass(frozen=True, kw_only=True)
class MissingVersion(Diagnostic):
    empty: bool
    known: int


@dataclass(frozen=True, kw_only=True)
class NewerVersion(Diagnostic):
    found: str
    known: int


@dataclass(frozen=True, kw_only=True)
class UnexpectedWord(Diagnostic):
    found: str


@dataclass(frozen=True, kw_only=True)
class BadVersion(Diagnostic):
    found: str
    known: int


@dataclass(frozen=True, kw_only=True)
class InvalidEncoding(Diagnostic):
    byte: int
    offset: int


@dataclass(frozen=True, kw_only=True)
class ForbiddenCharacter(Diagnostic):
    code: int
