"""Write the reference as Markdown: every layer, function, optimizer, loss, metric, dataset, initializer and problem."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace

HELP = "write the reference of everything that specs can name"
FOLDER = os.path.join("docs", "reference")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-o", "--out", metavar="DIR", default=FOLDER, help=f"the folder to write to (default: {FOLDER})")


def run(args: Namespace) -> int:
    from netspec.files import make_folder, write_atomic
    from netspec.tools.reference import PAGES

    folder = make_folder(args.out)
    for name, text in PAGES.items():
        write_atomic(folder / name, text())
    print(f"wrote {len(PAGES)} pages to {folder}", file=sys.stderr)
    return 0
