"""Write the weights of a run as a file that other programs read: one array per parameter and buffer, by its path."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from netspec.cli.spec_options import add_plugins
from netspec.cli.terminal import checkpoint

HELP = "write the weights of a run as a file"
FORMATS = ("safetensors", "npz", "flax")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run folder that `netspec train` wrote")
    parser.add_argument("--to", required=True, choices=FORMATS, help="the format")
    parser.add_argument("-o", "--output", metavar="FILE", help="the file to write (default: the run's name)")
    parser.add_argument("--which", metavar="CHECKPOINT", type=checkpoint, default="best", help="best, last, or a step (default: best)")
    add_plugins(parser)


def run(args: Namespace) -> int:
    from netspec.cli.weight_commands import run_export

    return run_export(args)
