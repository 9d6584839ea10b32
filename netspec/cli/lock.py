"""Write down what specs mean, so that any change of it is seen: a lock beside each.

A lock holds every layer, parameter and setting, defaults included, one fact a line. It does not change with layout and comments.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from netspec.cli.configuration import NOTHING, read_configuration
from netspec.cli.spec_options import add_plugins
from netspec.cli.spec_paths import find_empty, spec_paths
from netspec.cli.terminal import report, say, write_line
from netspec.diagnostics.base import Mistake

if TYPE_CHECKING:
    from netspec.compile import Checked

HELP = "write down what specs mean, in a lock beside each"


def add_arguments(parser: ArgumentParser) -> None:
    files = "specs, or folders: the specs in them (default: `files` of [tool.netspec] in pyproject.toml)"
    parser.add_argument("files", metavar="FILE", nargs="*", help=files)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="write nothing; say what has drifted away from its lock, and end with 1")
    how.add_argument("--diff", action="store_true", help="write nothing; show each fact that would change")
    parser.add_argument("--config", metavar="FILE", help="read [tool.netspec] from this file; `none`: from no file")
    add_plugins(parser)


def run(args: Namespace) -> int:
    """Lock each file; the worst exit code."""
    try:
        configuration = NOTHING if args.config == "none" else read_configuration(args.config)
    except Mistake as mistake:
        return report([mistake.diagnostic])
    files = args.files or configuration.files
    if not files:
        say("name a file or a folder, or write `files` into [tool.netspec] of pyproject.toml; see `netspec lock --help`")
        return 2
    plugins = tuple(dict.fromkeys((*configuration.plugins, *args.plugins)))
    act = check_lock if args.check else show_changes if args.diff else renew_lock
    empty = find_empty(files)
    code = report(empty) if empty else 0
    return max([code, *(with_proved(path, plugins, act) for path in spec_paths(files))])


def with_proved(path: str, plugins: Sequence[str], act: Callable[[str, Checked], int]) -> int:
    """Does something with a proved spec; of one that has errors these are told, and its lock stays as it is."""
    from netspec.cli.lock_files import is_spare
    from netspec.compile import check_readable

    try:
        checked = check_readable(path, plugins=plugins)
        if checked.typed is None or not checked.ok:
            return report(checked.problems)
        if is_spare(path, checked.typed):
            write_line(f"{path}  has no model, and so nothing to lock")
            return 0
        return act(path, checked)
    except Mistake as mistake:
        return report([mistake.diagnostic])


def renew_lock(path: str, checked: Checked) -> int:
    """Writes the lock, where it is not there as it would be written. Raises `Mistake` where something stands there that is no lock."""
    from netspec.cli.lock_files import gather, lock_path, read_present
    from netspec.files import write_atomic
    from netspec.lock import compare, parse_lock, write_lock

    lock, facts = lock_path(path), gather(checked)
    text, before = write_lock(facts), read_present(path)
    if before == text.encode():
        write_line(f"{lock}  is up to date")
        return 0
    write_atomic(lock, text)
    changed = len(compare(parse_lock(before), facts).facts) if before is not None else 0
    told = f"written anew, {changed:,} fact{'' if changed == 1 else 's'} changed" if before is not None else "written"
    write_line(f"{lock}  {told}")
    return 0


def check_lock(path: str, checked: Checked) -> int:
    """Says what has drifted."""
    from netspec.cli.lock_files import Asked, find_drift

    found = find_drift(path, checked, Asked("--check"))
    return report(found) if found else _say_same(path)


def show_changes(path: str, checked: Checked) -> int:
    """Writes each fact that would change; 1 where there is one."""
    from netspec.cli.lock_files import Asked, gather, lock_path, read_lock
    from netspec.lock import compare

    drift = compare(read_lock(path, Asked("--diff")), gather(checked))
    for fact in drift.facts:
        write_line(f"{lock_path(path)}: {fact}")
    return 1 if drift.any else _say_same(path)


def _say_same(path: str) -> int:
    write_line(f"{path}  is as its lock says")
    return 0
