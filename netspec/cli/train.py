"""Train a spec: compile it, run its loop, write checkpoints and metrics to a run folder."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from netspec.cli.sizes import parse_sizes
from netspec.cli.spec_options import add_overrides, add_plugins, add_workers
from netspec.limits import LIMITS

HELP = "train a spec"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a spec with a `train` section")
    add_overrides(parser)
    add_plugins(parser)
    parser.add_argument("--train", metavar="NAME", help="which `train` section (default: the first)")
    parser.add_argument("--data", metavar="DIR", help="the folder with the data files, or the .npz file of `arrays`")
    parser.add_argument("--out", metavar="DIR", help="the run folder to write")
    add_workers(parser)
    parser.add_argument(
        "--log",
        dest="loggers",
        metavar="NAME",
        action="append",
        default=[],
        help="tell this logger besides: tensorboard, wandb, mlflow, or one of a package; may be repeated",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the run folder's last checkpoint")
    parser.add_argument(
        "--watch",
        metavar="PATTERN",
        action="append",
        default=[],
        help='show how long gradients and updates of these parameters are, such as `--watch "**/kernel"`',
    )
    parser.add_argument("--locked", action="store_true", help="only if the spec is as the lock beside it says; see `netspec lock`")
    parser.add_argument("--profile", action="store_true", help="say what start-up and steps were spent on, and write a trace of some steps")
    trials = parser.add_mutually_exclusive_group()
    trials.add_argument("--dry-run", action="store_true", help="compile, take two steps on made-up data, print the plan, write nothing")
    trials.add_argument(
        "--overfit-one-batch",
        metavar="STEPS",
        type=parse_steps,
        nargs="?",
        const=500,
        help="train on the first batch alone, at most so many steps (500), and say whether it is learned; write nothing",
    )
    trials.add_argument("--find-rate", action="store_true", help="sweep the learning rate, print a table and a suggestion, write nothing")
    parser.add_argument(
        "--at", metavar="DIM=SIZE", action="append", default=[], type=parse_sizes, help="with --dry-run: the sizes of free dims, `T=512`"
    )
    parser.add_argument("--init-from", metavar="RUN|FILE", help="begin with the weights of a run, of its checkpoint, or of a file")
    parser.add_argument(
        "--map", dest="maps", metavar="OLD=NEW", action="append", default=[], help="rename weights: `old/**=new/**`; may be repeated"
    )
    parser.add_argument("--partial", action="store_true", help="take of the weights what fits; the rest is left as it begins")
    parser.add_argument("--other-names", action="store_true", help="take weights whose data had other classes or another vocabulary")


def parse_steps(text: str) -> int:
    """A number of steps: 1 or more."""
    if not (text.replace("_", "").isdecimal() and 0 < int(text) <= LIMITS.steps):
        raise ArgumentTypeError(f"`{text[:80]}` is not a number of steps of 1 or more")
    return int(text)


def run(args: Namespace) -> int:
    from netspec.cli.lock_files import refuse_unlocked
    from netspec.cli.training_commands import run_train

    refuse_unlocked(args)
    return run_train(args)
