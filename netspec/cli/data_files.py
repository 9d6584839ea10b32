"""Carries out `netspec data` for files of data. Floor 6."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netspec.cli.terminal import report, write_line
from netspec.cli.training_commands import word_of
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.looks import OptionNotKept
from netspec.diagnostics.running.files import ReadFailed
from netspec.files import describe_missing, is_text, refuse_existing, write_atomic

if TYPE_CHECKING:
    from netspec.tools.data_files.look import Look


def run_look(args: Namespace) -> int:
    """Print what files hold; 0, or 1 where one cannot be read."""
    from netspec.tools.data_files.kinds import look_at

    paths, tests = [path_of(file) for file in args.files], [path_of(file) for file in args.test]
    try:
        for file, path in zip((*args.files, *args.test), (*paths, *tests), strict=True):
            require_there(file, path)
        refuse_empty(args)
        if args.output:
            refuse_existing(args.output)
        found = look_at(paths, tests, args.label or "", args.horizon)
    except Mistake as mistake:
        return report([mistake.diagnostic])
    for line in (*describe(found), *propose(found, args)):
        write_line(line)
    return write_starter(found, args, (*paths, *tests)) if args.output else 0


def write_starter(found: Look, args: Namespace, paths: Sequence[Path]) -> int:
    """Write the spec that was asked for; 1 where there is none that has no problem."""
    from netspec.tools.data_files.look import home_of, starter_text

    name = "".join(part.capitalize() for part in Path(args.output).stem.replace("-", "_").split("_") if part.isalnum())
    text = starter_text(found.starter, name if name[:1].isalpha() else "Starter") if found.starter else ""
    if why := found.why or why_not_written(text):
        instead = "leave `-o` out, and write the spec by hand"
        return report([OptionNotKept(option=f"-o {args.output}", why=why, instead=instead)])
    folder = home_of([Path(os.path.normpath(path)) for path in paths])
    write_atomic(args.output, text)
    write_line(f"wrote {args.output}; next: netspec train {word_of(args.output)} --data {word_of(folder)}")
    return 0


def why_not_written(text: str) -> str:
    """Why a spec is not written; "" for one without a problem."""
    from netspec.compile import check

    if not text:
        return "there is no declaration to write"
    problems = check(text).problems
    return f"the spec would have a problem ({problems[0].message().rstrip('.')})" if problems else ""


def path_of(file: str) -> Path:
    """A file as it was typed; of `.` and `..` the folder with its name, as a spec needs it."""
    return Path(file) if Path(file).name not in ("", "..") else Path(os.path.abspath(file))


def require_there(file: str, path: Path) -> None:
    """Raise `Mistake` for a name that nothing has, and for a folder's name that no spec can write."""
    if not file or not path.exists():
        raise Mistake(describe_missing(file))
    if path.is_dir() and not (path.name and is_text(path.name)):
        reason = "its name is not UTF-8, so that no spec can name it" if path.name else "it has no name that a spec could write"
        raise Mistake(ReadFailed(path=file, reason=reason))


def refuse_empty(args: Namespace) -> None:
    """Raise `Mistake` for an option without a name."""
    for option, value, instead in (("--label", args.label, "name the column"), ("--output", args.output, "name the new spec: `-o m.net`")):
        if value == "":
            raise Mistake(OptionNotKept(option=f'{option} ""', why="it names nothing", instead=instead))


def describe(found: Look) -> Iterator[str]:
    """What was found, and what one would want to know."""
    yield found.title
    yield ""
    yield from (f"  {line}" for line in found.lines)
    if found.warnings:
        yield ""
        yield from (f"note: {warning}" for warning in found.warnings)


def propose(found: Look, args: Namespace) -> Iterator[str]:
    """The declaration for a spec, and what to type next."""
    from netspec.tools.data_files.look import declaration

    yield ""
    lines = [*declaration(found.starter)] if found.starter else []
    if not lines:
        why = "a spec cannot write their names" if found.starter else found.why or "there is nothing in them to learn a label from"
        yield f"no declaration to propose: {why}"
        return
    if found.label and not args.label:
        yield f"taken for the label: `{found.label}`; another one by `--label NAME`"
        yield ""
    yield from lines
    yield ""
    options = [("--test", file) for file in args.test] + [("--label", args.label)] * bool(args.label)
    options += [("--horizon", str(args.horizon))] * (args.horizon is not None)
    files = " ".join([*map(word_of, args.files), *(f"{name} {word_of(value)}" for name, value in options)])
    if args.output is None:
        yield f"next: netspec data {files} -o m.net writes a small spec that trains on them"
