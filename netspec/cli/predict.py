"""What a trained run makes of arrays in an .npz file, one array per model input: the sequences that the spec's `serve` section generates,
or, without such a section, the model's outputs.

The array of the generated input, where there is one, is what sequences begin with; `prefix_length` says how much of it counts.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from netspec.cli.spec_options import add_plugins
from netspec.cli.terminal import checkpoint

HELP = "apply a trained run to arrays in a file"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run folder that `netspec train` wrote")
    parser.add_argument("--which", metavar="CHECKPOINT", type=checkpoint, default="best", help="best, last, or a step (default: best)")
    parser.add_argument("--input", metavar="FILE.npz", required=True, help="the inputs, by name")
    parser.add_argument("--outputs", action="store_true", help="the model's outputs, even where the spec has a `serve` section")
    parser.add_argument("--answer", metavar="INPUT", help="the input to generate, where `serve` has several lines (default: the first)")
    parser.add_argument("--seed", metavar="N", type=int, help="seed of samples (default: that of the spec)")
    parser.add_argument("--output", metavar="FILE.npz", help="where the outputs go; without it a summary is printed")
    add_plugins(parser)


def run(args: Namespace) -> int:
    from netspec.cli.training_commands import run_predict

    return run_predict(args)
