"""Defines the problems of tokenizers and of the packages that run them. Floor 0."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class PackageNeeded(Diagnostic):
    """A spec or a command uses something that an optional package does, and the package is not installed."""

    exit_code: ClassVar[int] = 2

    op: str
    package: str
    extra: str
    """netspec's extra that brings it."""

    def message(self) -> str:
        return f"`{self.op}` needs the package `{self.package}`, which is not installed."

    def help(self) -> str | None:
        return f"`pip install 'netspec-jax[{self.extra}]'`"


@record(kw_only=True)
class TextNeeded(Diagnostic):
    """A tokenizer stands in a chain whose data have no texts: a field `text` of bytes, u8[B, N]."""

    op: str
    fields: tuple[str, ...]
    """The fields there are, with their types."""

    def message(self) -> str:
        return f"`{self.op}` makes tokens of a field `text: u8[B, N]`; the fields are {', '.join(f'`{f}`' for f in self.fields)}"


@record(kw_only=True)
class TextNotUtf8(Diagnostic):
    """A text handed to a tokenizer is not UTF-8. Records are counted from 0."""

    record: int

    def message(self) -> str:
        return f"record {self.record} of the field `text` is not UTF-8."


@record(kw_only=True)
class TokenizerUnreadable(Diagnostic):
    """A file that should be a tokenizer is none."""

    file: str
    reason: str

    def message(self) -> str:
        return f"`{self.file}` is no tokenizer: {self.reason}."

    def help(self) -> str | None:
        return "`bpe` reads the `tokenizer.json` of the package tokenizers, `sentencepiece` a model of the package sentencepiece"


@record(kw_only=True)
class VocabularyTooLarge(Diagnostic):
    """A tokenizer has more ids than the spec has room for. Sizes stand in the spec and never come from data."""

    file: str
    found: int
    size: int

    def message(self) -> str:
        return f"the tokenizer in `{self.file}` has {self.found:,} ids, but `size` is {self.size:,}."

    def help(self) -> str | None:
        return f"write {self.found:_}, and the same in the model"


@record(kw_only=True)
class NoSuchToken(Diagnostic):
    """The token that should stand in front of or behind each text is not one of the tokenizer's."""

    file: str
    argument: str
    """`bos` or `eos`."""
    token: str

    def message(self) -> str:
        return f"the tokenizer in `{self.file}` has no token `{self.token}`, which `{self.argument}` asks for."

    def help(self) -> str | None:
        return f"name one that it has, or none: `{self.argument}=none`, `{self.argument}=false` with `sentencepiece`"
