"""Check specs without running them: syntax, names, shapes, costs, training settings."""

from __future__ import annotations

import gc
import os
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from netspec.cli.spec_options import add_overrides, add_plugins, overrides
from netspec.cli.terminal import say, wants_color, width, write_line, write_text
from netspec.diagnostics.base import Diagnostic, Mistake

HELP = "check specs without running them"
FORMATS = ("text", "json", "sarif", "github")
SPEC_SUFFIXES = (".net", ".netspec")
TWIN = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*(?:"\$schema"\s*:\s*"[^"]*"\s*,\s*)?"netspec"\s*:')


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="specs, or folders: the .net, .netspec and JSON specs in them")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how problems are written (default: text)")
    parser.add_argument(
        "--fix", action="store_true", help="write the repairs into the files first, each of which was tried; then say what is left"
    )
    parser.add_argument("--diff", action="store_true", help="show what `--fix` would change, and change nothing")
    parser.add_argument("--untrusted", action="store_true", help="enforce the limits for specs of strangers")
    add_overrides(parser)
    add_plugins(parser)


def run(args: Namespace) -> int:
    """Check the files; garbage is collected rarely meanwhile, since a check is short and most of it is importing."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    try:
        return check_files(args)
    finally:
        gc.set_threshold(*before)


def check_files(args: Namespace) -> int:
    """Mends the files first where that is asked for; checks them and gives the exit code."""
    if (args.fix or args.diff) and (args.untrusted or args.set):
        say("`--fix` and `--diff` mend a file of one's own as it is written: without --untrusted and --set")
        return 2
    paths = list(spec_paths(args.files))
    if args.diff or args.fix:
        from netspec.cli.fix import fix_file, show_fixes

        code = max([(show_fixes if args.diff else fix_file)(path, args.plugins) for path in paths], default=0)
        if args.diff:
            return code
        return max(code, check_each(args, paths))
    return check_each(args, paths)


def check_each(args: Namespace, paths: Sequence[str]) -> int:
    """Checks the files as they are, prints what is wrong with them, and gives the exit code."""
    problems = [problem for found in _check_each(paths, args.untrusted, overrides(args.set), args.plugins) for problem in found]
    if not problems and args.format == "text":
        write_line(f"No problems in {len(paths):,} file{'' if len(paths) == 1 else 's'}.")
        return 0
    return _report(problems, args.format)


def _report(problems: Sequence[Diagnostic], format: str) -> int:
    """Prints the problems in a format; the exit code that they come to."""
    from netspec.diagnostics.drawing.formats import render
    from netspec.diagnostics.running.files import choose_exit_code

    if text := render(problems, format, color=wants_color(sys.stdout), width=width(sys.stdout)):
        write_text(text)
    return choose_exit_code(problems)


def spec_paths(files: Iterable[str]) -> Iterator[str]:
    """The files as given; a folder stands for the specs in it at any depth, in alphabetical order."""
    for file in files:
        if os.path.isdir(file):
            yield from _find_specs(file)
        else:
            yield file


def _find_specs(folder: str) -> Iterator[str]:
    """The specs of a folder and of those in it, in the order of their names; hidden folders are left out."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        yield from (path for f in sorted(files) if is_spec(path := os.path.join(here, f)))


def is_spec(path: str) -> bool:
    """A file of a folder is a spec by its suffix; a `.json`, which may be anything, by its first key: `"netspec"`, behind a `"$schema"`."""
    return path.endswith(SPEC_SUFFIXES) or (path.endswith(".json") and TWIN.match(_read_beginning(path)) is not None)


def _read_beginning(path: str) -> bytes:
    """What a file begins with, which tells whether it is a spec; nothing of one that cannot be read."""
    from netspec.files import read_start

    try:
        return read_start(path, 4096)
    except Mistake:
        return b""


def _check_each(paths: Sequence[str], untrusted: bool, values: Mapping[str, str], plugins: Sequence[str]) -> Iterable[Sequence[Diagnostic]]:
    """The problems of each file; those of strangers are looked for in a process of its own, as they were written."""
    if untrusted and plugins:
        from netspec.diagnostics.running.plugins import PluginRefused

        return [[PluginRefused(plugins=tuple(plugins))]]
    if untrusted and values:
        from netspec.diagnostics.running.overrides import OverrideRefused

        return [[OverrideRefused(paths=tuple(values))]]
    if untrusted:
        from netspec.cli.isolation import check_isolated

        return check_isolated(paths, partial(_find_problems, untrusted=True))
    return map(partial(_find_problems, values=values, plugins=plugins), paths)


def _find_problems(
    path: str, untrusted: bool = False, values: Mapping[str, str] | None = None, plugins: Sequence[str] = ()
) -> Sequence[Diagnostic]:
    """The problems of one file, among them that it cannot be read."""
    from netspec.compile import check_readable

    try:
        return check_readable(path, untrusted=untrusted, set=values, plugins=plugins).problems
    except Mistake as missing:  # the file cannot be read; the others are checked all the same
        return [missing.diagnostic]
