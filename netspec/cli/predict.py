"""What a trained run says of the examples in files: names of classes and probabilities, tags, texts, numbers, by what the run knows.

Files are pictures or folders of them, tables, JSON lines, texts, treebanks or arrays: those of the run's own data, without the labels.
`--input` gives the model's inputs themselves, an array each: the sequences that the spec's `serve` section generates, or, without such a
section, the model's outputs. There the array of the generated input, where there is one, is what sequences begin with; `prefix_length` says
how much of it counts.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from netspec.cli.spec_options import add_plugins
from netspec.cli.terminal import checkpoint

HELP = "apply a trained run to files"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run folder that `netspec train` wrote")
    parser.add_argument("files", metavar="FILE", nargs="*", help="pictures, folders of them, .csv, .jsonl, .txt, .conllu or .npz")
    parser.add_argument("--which", metavar="CHECKPOINT", type=checkpoint, default="best", help="best, last, or a step (default: best)")
    parser.add_argument("--input", metavar="FILE.npz", help="the model's inputs by name, in place of files")
    parser.add_argument("--top", metavar="K", type=count, default=1, help="how many classes are named, the likeliest first (default: 1)")
    parser.add_argument("--outputs", action="store_true", help="the model's outputs, even where the spec has a `serve` section")
    parser.add_argument("--answer", metavar="INPUT", help="the input to generate, where `serve` has several lines (default: the first)")
    parser.add_argument("--seed", metavar="N", type=int, help="seed of samples (default: that of the spec)")
    parser.add_argument("-o", "--output", metavar="FILE", help="where answers go: .csv, .tsv, .jsonl or .npz; without it they are printed")
    parser.add_argument("--overwrite", action="store_true", help="write over answers with the same columns that are there")
    add_plugins(parser)


def count(text: str) -> int:
    """A number from 1 on; anything else is an error of use."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"`{text}` is no number from 1 on")
    return int(text)


def run(args: Namespace) -> int:
    from netspec.cli.training_commands import run_predict

    return run_predict(args)
