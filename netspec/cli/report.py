"""Write one HTML page about runs, side by side: curves, numbers, specs with shapes, costs, data, and the worst errors of a classifier.

The page needs no network. It holds examples of the data: mind who gets it. `--no-evaluation` leaves out what takes a model and data.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from netspec.cli.spec_options import add_plugins
from netspec.cli.terminal import checkpoint, write_line

HELP = "write a page about runs"
BEGINNING = b"<!DOCTYPE html>"
"""How a page begins."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run folders that `netspec train` wrote")
    parser.add_argument("-o", "--output", metavar="FILE", default="report.html", help="the page to write (default: report.html)")
    parser.add_argument("--overwrite", action="store_true", help="write over a page that is there")
    parser.add_argument("--which", metavar="CHECKPOINT", type=checkpoint, default="best", help="best, last, or a step (default: best)")
    parser.add_argument("--data", metavar="DIR", help="the folder with the data files, or the .npz file of `arrays`")
    parser.add_argument("--no-evaluation", action="store_true", help="look neither at data nor at what the models make of them")
    add_plugins(parser)


def run(args: Namespace) -> int:
    from netspec.cli.replacing import require_replaceable
    from netspec.files import refuse_existing, write_atomic
    from netspec.report.command import make_report

    if args.overwrite:
        require_replaceable(args.output, "--overwrite", BEGINNING, "page of a report")
    else:
        refuse_existing(args.output, "choose another name with `-o`, or say `--overwrite`")
    page = make_report(args.runs, args.which, args.data, args.plugins, evaluate=not args.no_evaluation)
    write_atomic(args.output, page)
    write_line(f"{args.output}: {len(page.encode()) / 1e6:.1f} MB")
    return 0
