"""Write the reference as Markdown: every layer, function, optimizer, loss, metric, dataset and initializer."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence

from netspec.cli.spec_options import add_plugins
from netspec.cli.terminal import tell

HELP = "write the reference of everything that specs can name"
BEGINNING = b"<!-- Written by `netspec docs`"
"""How a page begins."""
FOLDER = os.path.join("docs", "reference")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-o", "--out", metavar="DIR", default=FOLDER, help=f"the folder to write to (default: {FOLDER})")
    parser.add_argument("--overwrite", action="store_true", help="write over pages of the reference that are there")
    add_plugins(parser)


def run(args: Namespace) -> int:
    """Write the pages of the shelf, or of the plugins alone that are asked for."""
    from netspec.library.shelf.plugins import enable_plugins
    from netspec.tools.reference import PAGES

    there = os.path.isdir(args.out)
    for name in [f"{name}.md" for name in args.plugins] or PAGES:
        require_place(os.path.join(args.out, name) if there else args.out, args.overwrite and there)
    with enable_plugins(args.plugins):
        pages = plugin_pages(args.plugins) if args.plugins else {name: text() for name, text in PAGES.items()}
    write_pages(args.out, pages)
    tell(f"wrote {len(pages)} page{'' if len(pages) == 1 else 's'} to {args.out}")
    return 0


def write_pages(folder: str, pages: Mapping[str, str]) -> None:
    """Writes pages to a new folder, or to one that is there, of which a new page is removed again where not all can be written."""
    from netspec.files import new_folder, remove_paths, write_atomic

    if not os.path.isdir(folder):
        with new_folder(folder) as home:
            for name, text in pages.items():
                write_atomic(home / name, text)
        return
    new = [path for name in pages if not os.path.lexists(path := os.path.join(folder, name))]
    try:
        for name, text in pages.items():
            write_atomic(os.path.join(folder, name), text)
    except BaseException:
        remove_paths(new)
        raise


def require_place(path: str, overwrite: bool) -> None:
    """Raises `Mistake` where something stands in a page's place that it may not be written over."""
    from netspec.cli.replacing import require_replaceable
    from netspec.files import refuse_existing

    if overwrite:
        require_replaceable(path, "--overwrite", BEGINNING, "page of a reference")
    else:
        refuse_existing(path, "choose another folder with `-o`, or say `--overwrite`")


def plugin_pages(names: Sequence[str]) -> dict[str, str]:
    """The page of each plugin by file name."""
    from netspec.library.shelf.plugins import load
    from netspec.tools.reference import plugin

    return {f"{name}.md": plugin(name, load(name).classes) for name in names}
