"""Compute a trained run's outputs for arrays in an .npz file, one array per model input."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from netspec.cli.terminal import checkpoint

HELP = "apply a trained run to arrays in a file"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run folder that `netspec train` wrote")
    parser.add_argument("--which", metavar="CHECKPOINT", type=checkpoint, default="best", help="best, last, or a step (default: best)")
    parser.add_argument("--input", metavar="FILE.npz", required=True, help="the inputs, by name")
    parser.add_argument("--output", metavar="FILE.npz", help="where the outputs go; without it a summary is printed")


def run(args: Namespace) -> int:
    from netspec.cli.training import run_predict

    return run_predict(args)
