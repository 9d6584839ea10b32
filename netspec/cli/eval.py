"""Evaluate the best checkpoint of a run on its evaluation data."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

HELP = "evaluate a trained run"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run folder that `netspec train` wrote")
    parser.add_argument("--data", metavar="DIR", help="the folder with the data files")


def run(args: Namespace) -> int:
    from netspec.cli.training import run_eval

    return run_eval(args)
