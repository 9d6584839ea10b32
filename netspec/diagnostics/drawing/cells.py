"""Measures how wide a character is on a terminal, and escapes those that must not reach one. Floor 0."""

from __future__ import annotations

TAB = "    "
"""A tab is drawn as this many spaces wherever it stands, so that carets below it stay in line."""

_SPACES = frozenset("\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000")
"""Spaces that Python does not call printable, though they take their room on a terminal and nothing else."""


def cell(character: str) -> str:
    """What is drawn for one character: itself, spaces for a tab, `<U+202E>` for controls and invisible characters, `<0xFF>` for a byte of
    a file's name that is no UTF-8.
    """
    if character == "\t":
        return TAB
    if character.isprintable() or character in _SPACES:
        return character
    return f"<0x{ord(character) - 0xDC00:02X}>" if "\udc80" <= character <= "\udcff" else f"<U+{ord(character):04X}>"


def visible(text: str) -> str:
    """One line of text that cannot steer a terminal: line ends become spaces, control characters their code."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if c in "\n\r\t" else cell(c) for c in text)


def escape(name: str) -> str:
    """A name, path or value as it stands in a line of text: a line end is `<U+000A>`, so that it stays in the line whatever it holds."""
    if name.isascii() and name.isprintable():
        return name
    return "".join("<U+0009>" if c == "\t" else cell(c) for c in name)


def width(text: str) -> int:
    """Columns that drawn text takes: wide and full-width characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_character_width(c) for c in text)


def _character_width(character: str) -> int:
    from unicodedata import category, combining, east_asian_width  # which `check` has no use for in a spec of ASCII

    if combining(character) or category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1
