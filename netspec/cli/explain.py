"""Explain a problem by its name: what it means, a wrong and a right spec."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from netspec.cli.terminal import say, wants_color

HELP = "explain a problem by its name"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("slug", metavar="SLUG", nargs="?", help="the name in the brackets of `error[…]`; without it all names are listed")


def run(args: Namespace) -> int:
    from netspec.diagnostics.catalog import UnknownSlug, catalog, explain
    from netspec.diagnostics.drawing.paint import COLOR, PLAIN

    if args.slug is None:
        print("\n".join(catalog()))
        return 0
    try:
        print(explain(args.slug, COLOR if wants_color(sys.stdout) else PLAIN), end="")
    except UnknownSlug as unknown:
        say(f"{unknown}")
        return 2
    return 0
