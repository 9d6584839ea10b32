"""Evaluate the best checkpoint of a run on a part of its data, or on other data."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from netspec.cli.spec_options import add_plugins, add_workers
from netspec.cli.terminal import checkpoint

HELP = "evaluate a trained run"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run folder that `netspec train` wrote")
    parser.add_argument("--which", metavar="CHECKPOINT", type=checkpoint, default="best", help="best, last, or a step (default: best)")
    parts = ("validation", "test", "train")
    parser.add_argument("--part", choices=parts, help="which part of the data (default: what was evaluated in training)")
    parser.add_argument(
        "--data", metavar="DIR", help="the folder with the data files, or the .npz file of `arrays`; other data are measured whole"
    )
    add_workers(parser)
    add_plugins(parser)


def run(args: Namespace) -> int:
    from netspec.cli.training_commands import run_eval

    return run_eval(args)
