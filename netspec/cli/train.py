"""Train a spec: compile it, run its loop, write checkpoints and metrics to a run folder."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from netspec.cli.spec_options import add_overrides, add_plugins

HELP = "train a spec"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a spec with a `train` section")
    add_overrides(parser)
    add_plugins(parser)
    parser.add_argument("--train", metavar="NAME", help="which `train` section (default: the first)")
    parser.add_argument("--data", metavar="DIR", help="the folder with the data files, or the .npz file of `arrays`")
    parser.add_argument("--out", metavar="DIR", help="the run folder to write")
    parser.add_argument(
        "--log",
        dest="loggers",
        metavar="NAME",
        action="append",
        default=[],
        help="tell this logger besides: tensorboard, wandb, mlflow, or one of a package; may be repeated",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the run folder's last checkpoint")


def run(args: Namespace) -> int:
    from netspec.cli.training_commands import run_train

    return run_train(args)
