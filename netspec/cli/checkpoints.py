"""List the checkpoints of a run; verify them, remove old ones, or write the mean of the newest."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from netspec.cli.spec_options import add_plugins

HELP = "list, verify or average the checkpoints of a run"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run folder that `netspec train` wrote")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--verify", action="store_true", help="compare every byte with what was written")
    what.add_argument("--average", metavar="last:N", type=last, help="write the mean of the newest N to `--output`")
    what.add_argument("--prune", metavar="N", type=count, help="remove all but the newest N and the best, those of `keep_every` too")
    parser.add_argument("-o", "--output", metavar="PATH", help="of `--average`: a run folder, or a file of weights by its suffix")
    add_plugins(parser)


def count(text: str) -> int:
    """A positive whole number."""
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise ArgumentTypeError(f"`{text}` is no positive whole number")
    return int(text)


def last(text: str) -> int:
    """The N of `last:N`."""
    head, _, number = text.partition(":")
    if head != "last":
        raise ArgumentTypeError(f"`{text}` is not last:N, as `last:5`")
    return count(number)


def run(args: Namespace) -> int:
    from netspec.cli.weight_commands import run_checkpoints

    return run_checkpoints(args)
