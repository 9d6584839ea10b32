"""Write a first spec, which trains as it is, with a remark on each part.

With `--ci` the files that guard it besides: a lock, a table in pyproject.toml, a workflow of GitHub, hooks of pre-commit. Nothing is
overwritten.
"""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace

HELP = "write a first spec, and the files that guard it"
NAME = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*([A-Za-z][A-Za-z0-9_-]*)(?:\.net)?", re.ASCII)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", type=parse_name, help="of the spec: `first` writes first.net, `models/first` into a folder")
    parser.add_argument(
        "--ci", action="store_true", help="its lock, [tool.netspec] in pyproject.toml, a workflow of GitHub and hooks of pre-commit besides"
    )


def parse_name(text: str) -> str:
    """The path of a spec that is to be written; anything but letters, digits, `_`, `-` and `/` is an error of use."""
    if not NAME.fullmatch(text):
        raise ArgumentTypeError(f"`{text[:80]}` is no name such as `models/first`: letters, digits, `_` and `-`, below this folder")
    return text.removesuffix(".net") + ".net"


def run(args: Namespace) -> int:
    """Writes the files; 0, or 2 where one of them is there."""
    from netspec.cli.new_files import write_new
    from netspec.cli.terminal import report
    from netspec.diagnostics.base import Mistake

    try:
        return write_new(args.name, args.ci)
    except Mistake as mistake:
        return report([mistake.diagnostic])
