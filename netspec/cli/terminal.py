"""Writes everything that a command prints, and finds out what the terminal can show, colours and width. Floor 6.

Nothing else in `cli/` prints (a test holds it to that). A line of text may hold names of files, of columns, of a stranger's spec: control
characters stand as their code, so that no name begins a line, moves a cursor, or is taken by a build server for a command. Names that
stand in a longer text are escaped where they are put in (`netspec.diagnostics.drawing.cells.escape`).
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.cells import cell, escape
from netspec.diagnostics.drawing.paint import ANSI

DEFAULT_WIDTH = 100
PLAINER = {"…": "...", "→": "->", "×": "x", "−": "-", "–": "-", "—": "-", "·": "*", "≤": "<=", "≥": ">=", "≠": "!=", "²": "^2"}
PLAINER |= dict.fromkeys("“”„", '"') | dict.fromkeys("‘’", "'") | dict.fromkeys("─━═", "-") | dict.fromkeys("│┃║", "|")
PLAINER |= dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯", "+") | dict.fromkeys("█▇▆▅▄▃▂▁▌▐", "#")
"""What stands for a character where a terminal has no better one."""
ON_TERMINAL = "netspec"
"""The name by which Python's codecs know how netspec writes what an encoding lacks."""
_PAINTED = re.compile("(" + "|".join(re.escape(f"\x1b[{code}m") for code in ("0", *dict.fromkeys(ANSI.values()))) + ")")


# --- writing ---------------------------------------------------------------------------------------------------------


def write_line(line: str) -> None:
    """One line on the standard output, whatever is in it."""
    _print(escape(line), sys.stdout)


def write_text(text: str) -> None:
    """Lines on the standard output; the names in them were escaped when they were put in."""
    _print(_still(text, wants_color(sys.stdout)), sys.stdout)


def write_exact(text: str) -> None:
    """What another program reads, a spec or JSON, as UTF-8 whatever the terminal's encoding is."""
    stream = _open(sys.stdout)
    binary = getattr(stream, "buffer", None)
    if binary is None:
        stream.write(text)
    else:
        stream.flush()
        binary.write(text.encode())
    stream.flush()


def tell(line: str) -> None:
    """One line of news on the standard error. Where nobody can be told, the exit code says enough."""
    with suppress(OSError, ValueError):
        _print(escape(line), sys.stderr)


def say(line: str) -> None:
    """One line on the standard error, as every Unix command says what is wrong."""
    tell(f"netspec: {line}")


def report(problems: Sequence[Diagnostic]) -> int:
    """Print problems on stderr as text and return the exit code they ask for."""
    from netspec.diagnostics.drawing.text import render_text
    from netspec.diagnostics.running.files import choose_exit_code

    if problems and sys.stderr is not None:
        color = wants_color(sys.stderr)
        with suppress(OSError, ValueError):
            _print(_still(render_text(problems, color=color, width=width(sys.stderr)), color), sys.stderr)
    return choose_exit_code(problems)


def _print(text: str, stream: TextIO | None) -> None:
    """Text and a line end, written through at once: what cannot be written is known while the command still runs."""
    print(text, file=_open(stream), flush=True)


def _open(stream: TextIO | None) -> TextIO:
    """The stream. Raises OSError for one that was closed before the command began, which Python has as None."""
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "standard output")
    return stream


def _still(text: str, color: bool) -> str:
    """Text that cannot steer a terminal: of control characters only line ends, and netspec's own colours where there are any."""
    parts = _PAINTED.split(text) if color else [text]
    return "".join(part if k % 2 else "\n".join(map(_quiet, part.split("\n"))) for k, part in enumerate(parts))


def _quiet(line: str) -> str:
    """A line without control characters; the text of a spec in it is left as it is, since its reader has refused those."""
    return line if line.isascii() and line.isprintable() else "".join(map(cell, line))


# --- what streams can write ------------------------------------------------------------------------------------------


@contextmanager
def careful_output() -> Iterator[None]:
    """Inside, what an encoding lacks is written in other characters instead of ending the command: names of files that are no UTF-8, a
    terminal of ASCII or Latin-1.
    """
    codecs.register_error(ON_TERMINAL, replace_unwritable)
    before = [(stream, stream.errors) for stream in (sys.stdout, sys.stderr) if hasattr(stream, "reconfigure")]
    for stream, _ in before:
        stream.reconfigure(errors=ON_TERMINAL)  # type: ignore[union-attr]
    try:
        yield
    finally:
        for stream, errors in before:
            with suppress(OSError, ValueError):  # the other end of a pipe may be gone
                stream.reconfigure(errors=errors)  # type: ignore[union-attr]


def replace_unwritable(error: UnicodeError) -> tuple[str, int]:
    """What is written for characters that an encoding lacks: a plainer sign, or the code."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAINER.get(c) or _code(c) for c in error.object[error.start : error.end]), error.end


def _code(character: str) -> str:
    """`<U+00E9>`, `<0xFF>`."""
    shown = cell(character)
    return f"<U+{ord(character):04X}>" if shown == character else shown


def can_write(character: str) -> bool:
    """Whether the standard output has this character as it is."""
    try:
        return bool(character.encode(getattr(sys.stdout, "encoding", None) or "utf-8"))
    except (UnicodeEncodeError, LookupError):
        return False


def reserve_descriptors() -> None:
    """Gives a standard stream that is closed to the null device, so that no file that is opened gets its number, and what is meant for
    the terminal as its content.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one


def abandon(stream: Any) -> None:
    """Nobody reads this stream, or it cannot be written: Python must not try again, and complain, at exit."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


# --- what terminals show ---------------------------------------------------------------------------------------------


def wants_color(stream: TextIO | None) -> bool:
    """On a terminal, unless NO_COLOR is set (no-color.org) or it is a dumb one; FORCE_COLOR asks for colours in a pipe."""
    if stream is None or os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def width(stream: TextIO | None, default: int = DEFAULT_WIDTH) -> int:
    """`$COLUMNS`, else the columns of the terminal, `default` where there is none."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isascii() and asked.isdecimal() and 0 < len(asked) < 6 and int(asked) > 0:
        return int(asked)
    try:
        return os.get_terminal_size(stream.fileno()).columns or default  # type: ignore[union-attr]
    except (OSError, ValueError, AttributeError):
        return default


def checkpoint(text: str) -> str | int:
    """A checkpoint as it is named on the command line: `best`, `last`, or a step."""
    if text in ("best", "last"):
        return text
    if text.isascii() and text.isdigit() and len(text) < 20:
        return int(text)
    raise ArgumentTypeError(f"`{text}` is no checkpoint: give best, last, or a step")
