"""Write the reference as Markdown: every layer, function, optimizer, loss, metric, dataset and initializer."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from netspec.cli.spec_options import add_plugins
from netspec.cli.terminal import tell

HELP = "write the reference of everything that specs can name"
FOLDER = os.path.join("docs", "reference")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-o", "--out", metavar="DIR", default=FOLDER, help=f"the folder to write to (default: {FOLDER})")
    add_plugins(parser)


def run(args: Namespace) -> int:
    """Write the pages of the shelf, or of the plugins alone that are asked for."""
    from netspec.files import make_folder, write_atomic
    from netspec.library.shelf.plugins import enable_plugins
    from netspec.tools.reference import PAGES

    with enable_plugins(args.plugins):
        pages = plugin_pages(args.plugins) if args.plugins else {name: text() for name, text in PAGES.items()}
    folder = make_folder(args.out)
    for name, text in pages.items():
        write_atomic(folder / name, text)
    tell(f"wrote {len(pages)} page{'' if len(pages) == 1 else 's'} to {folder}")
    return 0


def plugin_pages(names: Sequence[str]) -> dict[str, str]:
    """The page of each plugin by file name."""
    from netspec.library.shelf.plugins import load
    from netspec.tools.reference import plugin

    return {f"{name}.md": plugin(name, load(name).classes) for name in names}
