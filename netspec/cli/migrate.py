"""Rewrite specs of an older version of the language; what is not older stays as it was written."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from netspec.cli.check import spec_paths
from netspec.cli.terminal import report
from netspec.diagnostics.base import Diagnostic

HELP = "rewrite specs of an older version of the language"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="specs, or folders of specs")
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a file would change")


def run(args: Namespace) -> int:
    return max([_migrate(path, args.check) for path in spec_paths(args.files)], default=0)


def _migrate(path: str, only_check: bool) -> int:
    """Brings one file to the present version, or only says that it would; the exit code."""
    from netspec.compile import read
    from netspec.diagnostics.drawing.text import say_count
    from netspec.diagnostics.suggestions.repairs import apply_edits
    from netspec.files import write_atomic
    from netspec.syntax.migrations import migrate_file
    from netspec.syntax.spec_file import parse_spec

    source, problems = read(path)
    file, more = (None, []) if problems else parse_spec(source)
    if report([*problems, *_drop_age_problems(more)]) or file is None:
        return 1
    edits = migrate_file(file)
    if edits and not only_check:
        write_atomic(path, apply_edits(source, edits))
    if edits:
        print(f"{'would migrate' if only_check else 'migrated'} {path}: {say_count(len(edits), 'change')}", file=sys.stderr)
    return int(bool(edits) and only_check)


def _drop_age_problems(problems: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The problems that migrating does not mend."""
    from netspec.diagnostics.text.versions import OlderVersion

    return [p for p in problems if not isinstance(p, OlderVersion)]
