"""Write specs in the one style of the language."""

from __future__ import annotations

import errno
import os
import sys
from argparse import ArgumentParser, Namespace

from netspec.cli.spec_paths import find_empty, is_spec, spec_paths
from netspec.cli.terminal import report, tell, write_exact
from netspec.diagnostics.base import Mistake

HELP = "write specs in the one style of the language"
STDIN = "-"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="specs, folders of specs, or `-` to read stdin and write stdout")
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a file would change")
    among = "pass over files that are no specs, as in folders: for hooks, which are given whatever a commit changes"
    parser.add_argument("--specs-among", action="store_true", help=among)


def run(args: Namespace) -> int:
    paths = [path for path in spec_paths(args.files) if not args.specs_among or path == STDIN or is_spec(path)]
    codes = [_format_each(path, args.check) for path in paths]
    if empty := find_empty(args.files):
        codes.append(report(empty))
    if args.check and not any(codes):
        tell(f"{len(paths):,} file{'' if len(paths) == 1 else 's'} formatted already.")
    return max(codes, default=0)


def _format_each(path: str, only_check: bool) -> int:
    """Formats one of several files: that one cannot be read or written leaves none of the others out."""
    try:
        return _format(path, only_check)
    except Mistake as mistake:
        return report([mistake.diagnostic])


def _format(path: str, only_check: bool) -> int:
    """Formats one file, or only says that it would; the exit code."""
    from netspec.files import read_bytes, rewrite

    before = read_stdin() if path == STDIN else read_bytes(path)
    text = _format_text(before, "<stdin>" if path == STDIN else path)
    if text is None:
        return 1
    if only_check:
        return _check(path, before == text.encode())
    if path == STDIN:
        write_exact(text)
    elif before != text.encode():
        rewrite(path, before, text)
        tell(f"formatted {path}")
    return 0


def read_stdin() -> bytes:
    """The standard input, of which no more is read than a spec may have and one byte. Raises `Mistake` where there is none to read."""
    from netspec.diagnostics.running.files import ReadFailed
    from netspec.limits import LIMITS

    try:
        if sys.stdin is None:  # so Python has one that was closed before the command began
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return sys.stdin.buffer.read(LIMITS.file_bytes + 1) or b""
    except OSError as error:
        raise Mistake(ReadFailed(path="<stdin>", reason=error.strerror or type(error).__name__)) from error


def _format_text(content: bytes, path: str) -> str | None:
    """The text in the language's style; None, with its problems on stderr, for a file that cannot be read as a spec."""
    from netspec.syntax.formatted_text import format_content

    text, problems = format_content(path, content)
    report(problems)
    return text


def _check(path: str, same: bool) -> int:
    """Says that a file is not in the style, if it is not; the exit code."""
    if not same:
        tell(f"would format {path}")
    return int(not same)
