"""Measures how wide a character is on a terminal, and escapes those that must not reach one. Floor 0."""

from __future__ import annotations

from unicodedata import category, combining, east_asian_width

TAB = "    "
"""A tab is drawn as this many spaces wherever it stands, so that carets below it stay in line."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def cell(character: str) -> str:
    """What is drawn for one character: itself, spaces for a tab, `<U+202E>` for controls and invisible characters."""
    if character == "\t":
        return TAB
    if (" " <= character <= "~") or category(character) not in _HIDDEN:
        return character
    return f"<U+{ord(character):04X}>"


def visible(text: str) -> str:
    """One line of text that cannot steer a terminal: line ends become spaces, control characters their code."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if c in "\n\r\t" else cell(c) for c in text)


def width(text: str) -> int:
    """Columns that drawn text takes: wide and full-width characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_character_width(c) for c in text)


def _character_width(character: str) -> int:
    if combining(character) or category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1
