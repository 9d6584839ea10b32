"""Finds out what the terminal can show, colours and width, and prints problems on it. Floor 6."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import TextIO

from netspec.diagnostics.base import Diagnostic

DEFAULT_WIDTH = 100


def wants_color(stream: TextIO) -> bool:
    """On a terminal, unless NO_COLOR is set (no-color.org) or it is a dumb one; FORCE_COLOR asks for colours in a pipe."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def width(stream: TextIO, default: int = DEFAULT_WIDTH) -> int:
    """`$COLUMNS`, else the columns of the terminal, `default` where there is none."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    try:
        return os.get_terminal_size(stream.fileno()).columns or default
    except (OSError, ValueError):
        return default


def report(problems: Sequence[Diagnostic]) -> int:
    """Print problems on stderr as text and return the exit code they ask for."""
    from netspec.diagnostics.drawing.text import render_text
    from netspec.diagnostics.running.files import choose_exit_code

    if problems:
        print(render_text(problems, color=wants_color(sys.stderr), width=width(sys.stderr)), file=sys.stderr)
    return choose_exit_code(problems)


def say(line: str) -> None:
    """One line on stderr, as every Unix command says what is wrong."""
    print(f"netspec: {line}", file=sys.stderr)


def checkpoint(text: str) -> str | int:
    """A checkpoint as it is named on the command line: `best`, `last`, or a step."""
    if text in ("best", "last"):
        return text
    if text.isascii() and text.isdigit():
        return int(text)
    raise ArgumentTypeError(f"`{text}` is no checkpoint: give best, last, or a step")
