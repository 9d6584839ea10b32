"""Explain a problem by its name: what it means, a wrong spec, what netspec says of it, and a right one."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from netspec.cli.terminal import say, wants_color, write_text

HELP = "explain a problem by its name"


def add_arguments(parser: ArgumentParser) -> None:
    names = (
        "the name in the brackets of `error[…]`, or a phase (text, names, calls, shapes, training, data, running), whose names are listed"
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help=f"{names}; without it all are")
    parser.add_argument("--all", action="store_true", help="show further cases of the problem too")


def run(args: Namespace) -> int:
    from netspec.diagnostics.drawing.paint import COLOR, PLAIN
    from netspec.diagnostics.explanation import UnknownSlug, draw_index, explain

    paint = COLOR if wants_color(sys.stdout) else PLAIN
    try:
        write_text((draw_index(paint) if args.name is None else explain(args.name, paint, args.all)).removesuffix("\n"))
    except UnknownSlug as unknown:
        say(f"{unknown}")
        return 2
    return 0
