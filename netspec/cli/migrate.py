"""Rewrite specs of an older version of the language; what is not older stays as it was written."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from netspec.cli.spec_paths import spec_paths
from netspec.cli.terminal import report, tell
from netspec.diagnostics.base import Diagnostic, Mistake

HELP = "rewrite specs of an older version of the language"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="specs, or folders of specs")
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a file would change")


def run(args: Namespace) -> int:
    return max([_migrate_each(path, args.check) for path in spec_paths(args.files)], default=0)


def _migrate_each(path: str, only_check: bool) -> int:
    """Migrates one of several files: that one cannot be read or written leaves none of the others out."""
    try:
        return _migrate(path, only_check)
    except Mistake as mistake:
        return report([mistake.diagnostic])


def _migrate(path: str, only_check: bool) -> int:
    """Brings one file to the present version, or only says that it would; the exit code."""
    from netspec.diagnostics.drawing.text import say_count
    from netspec.diagnostics.edits import apply_edits
    from netspec.files import read_bytes, rewrite
    from netspec.syntax.migrations import migrate_file
    from netspec.syntax.source_reader import read_source
    from netspec.syntax.spec_file import parse_spec

    before = read_bytes(path)
    source, problems = read_source(path, before)
    file, more = (None, []) if problems else parse_spec(source)
    if report([*problems, *_drop_age_problems(more)]) or file is None:
        return 1
    edits = migrate_file(file)
    if edits and not only_check:
        rewrite(path, before, apply_edits(source, edits))
    if edits:
        tell(f"{'would migrate' if only_check else 'migrated'} {path}: {say_count(len(edits), 'change')}")
    return int(bool(edits) and only_check)


def _drop_age_problems(problems: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The problems that migrating does not mend."""
    from netspec.diagnostics.text.versions import OlderVersion

    return [p for p in problems if not isinstance(p, OlderVersion)]
