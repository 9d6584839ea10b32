"""Train a spec: compile it, run its loop, write checkpoints and metrics to a run folder."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

HELP = "train a spec"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a spec with a `train` section")
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], type=assignment, help="override a param or a setting; may be repeated"
    )
    parser.add_argument("--data", metavar="DIR", help="the folder with the data files")
    parser.add_argument("--out", metavar="DIR", help="the run folder to write")
    parser.add_argument("--resume", action="store_true", help="go on from the run folder's last checkpoint")


def assignment(text: str) -> str:
    """`NAME=VALUE` as it is; anything else is an error of use."""
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise ArgumentTypeError(f"`{text}` is not NAME=VALUE")
    return text


def run(args: Namespace) -> int:
    from netspec.cli.training import run_train

    return run_train(args)
