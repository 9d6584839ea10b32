"""Defines the problems of single words: numbers and strings. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.record import record
from netspec.source import Span


def _replace(at: Span, text: str | None) -> Sequence[Edit]:
    return () if text is None else (Edit(at, text),)


@record(kw_only=True)
class BadNumber(Diagnostic):
    """A number that is not written as numbers are: `12`, `10_000`, `0.5`, `1e-4`, `30M`, `4GiB`."""

    text: str

    def message(self) -> str:
        return f"`{self.text}` is not a number{self._why()}."

    def _why(self) -> str:
        if self.text.lower().startswith(("0x", "0b", "0o")):
            return ": only decimal numbers exist"
        if "__" in self.text or self.text.endswith("_"):
            return ": one `_` may stand between two digits"
        if self.text.startswith("."):
            return ": a digit must stand before the point"
        if self.text.endswith("."):
            return ": a digit must stand behind the point"
        if self.text.replace(".", "").replace("e", "").replace("+", "").isdigit() and self.text.count(".") < 2:
            return " that a computer can hold"
        return ""

    def repaired(self) -> str | None:
        """The number that was meant, when that is clear."""
        text = self.text
        if text.lower().startswith(("0x", "0b", "0o")):
            try:
                return str(int(text, 0))
            except ValueError:
                return None
        window = re.fullmatch(r"(\d+)[xX×](\d+)", text)
        if window:
            return window[1] if window[1] == window[2] else f"[{window[1]}, {window[2]}]"
        text = re.sub(r"(?<=\d)[fFdDlL]$|(?<=\.)[fF]$", "", text)
        text = f"{text[:-1]}k" if re.fullmatch(r"\d+(\.\d+)?K", text) else text
        text = "_".join(part for part in text.split("_") if part)
        text = f"0{text}" if text.startswith(".") else f"{text}0" if text.endswith(".") else text
        plain = re.sub(r"[eE][-+]?\d+$|k$", "", text).replace("_", "").replace(".", "", 1)
        return text if text != self.text and plain.isdigit() else None

    def help(self) -> str | None:
        repaired = self.repaired()
        if repaired is not None:
            return f"write `{repaired}`"
        if self.tried and self.held is not None:
            return f"write `{self.held.words}`"
        digits = self.text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
        letters = self.text[len(digits) :]
        if digits.isdigit() and letters and "e" != letters[:1]:
            return f"a name cannot begin with a digit; for a product write `{digits} * {letters}`; the suffixes are k M G T KiB MiB GiB"
        return None

    def own_edits(self) -> Sequence[Edit]:
        return _replace(self.at, self.repaired())

    def repairs(self) -> Sequence[Repair]:
        """`2x` is a product where there is an `x`."""
        product = re.fullmatch(r"(\d+)([a-zA-Z]\w*)", self.text)
        if self.repaired() is not None or product is None:
            return super().repairs()
        text = f"{product[1]} * {product[2]}"
        return [Repair((Edit(self.at, text),), text)]


@record(kw_only=True)
class BadEscape(Diagnostic):
    r"""A backslash in a string begins one of `\"`, `\\`, `\n`, `\t` and `\u` with four hexadecimal digits."""

    escape: str

    def message(self) -> str:
        return f"`{self.escape}` means nothing in a string."

    def help(self) -> str | None:
        return f"for a backslash write two: `\\{self.escape}`"

    def own_edits(self) -> Sequence[Edit]:
        return _replace(self.at, f"\\{self.escape}")


@record(kw_only=True)
class UnclosedString(Diagnostic):
    """A string ends on the line on which it begins."""

    text: str

    def message(self) -> str:
        return 'this string has no closing `"` on its line.'

    def label(self) -> str:
        return "the string begins here"

    def help(self) -> str | None:
        return 'close it with `"`; a line end inside a string is written `\\n`'
