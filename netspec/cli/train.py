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
    parser.add_argument("--resume", action="store_true", help="go on from the run folder's last checkpoint")
    parser.add_argument("--init-from", metavar="RUN|FILE", help="begin with the weights of a run, of its checkpoint, or of a file")
    parser.add_argument(
        "--map", dest="maps", metavar="OLD=NEW", action="append", default=[], help="rename weights: `old/**=new/**`; may be repeated"
    )
    parser.add_argument("--partial", action="store_true", help="take of the weights what fits; the rest is left as it begins")


def run(args: Namespace) -> int:
    from netspec.cli.training_commands import run_train

    return run_train(args)
