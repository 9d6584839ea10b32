"""Write a folder that trains, resumes, evaluates and predicts by itself: `python DIR train`."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from netspec.cli.spec_options import add_overrides, add_plugins, overrides
from netspec.cli.terminal import report, write_text
from netspec.diagnostics.base import Mistake

if TYPE_CHECKING:
    from netspec.compile import Checked

HELP = "write a folder that trains a spec"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a spec with a `train` section")
    add_overrides(parser)
    add_plugins(parser)
    parser.add_argument("--train", metavar="NAME", help="which `train` section (default: the first)")
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="the folder to write")


def run(args: Namespace) -> int:
    from netspec.cli.training_commands import word_of
    from netspec.compile import check_readable
    from netspec.diagnostics.running.weights import NothingToTrain
    from netspec.files import new_folder, refuse_existing, write_atomic
    from netspec.tools.trainer_folder import data_option, make_files

    refuse_existing(args.output, "choose another folder with `-o`")
    checked = check_readable(args.file, set=overrides(args.set), train=args.train, plugins=args.plugins)
    code = report(checked.problems)
    if code or checked.typed is None:
        return code or 1
    plan = checked.typed.train(args.train)
    if plan is None:
        raise Mistake(NothingToTrain(model=next(iter(checked.typed.models), ""), inputs=()))
    text = write_same(checked, args)
    folder = os.path.basename(os.path.abspath(args.output))
    files = make_files(plan, text, os.path.basename(args.file), folder, args.plugins)
    with new_folder(args.output) as home:
        for name, content in files.items():
            write_atomic(home / name, content)
    write_text(f"wrote {args.output}: {', '.join(sorted(files))}\nnext: python {word_of(args.output)} train{data_option(plan)}")
    return 0


def write_same(checked: Checked, args: Namespace) -> str:
    """The spec as one file that means the same, which is proved by checking it and comparing the programs."""
    from netspec.compile import check_readable
    from netspec.ir.fingerprint import ir_hash
    from netspec.record import replace
    from netspec.source import Source
    from netspec.tools.one_file import write_one_file

    text = write_one_file(checked.source, overrides(args.set), args.train, args.plugins)
    again = check_readable(Source("spec.net", text), plugins=args.plugins)
    plans = [found.typed and found.typed.train(name) for found, name in ((checked, args.train), (again, None))]
    same = [
        typed and ir_hash(replace(typed, models={}, trains=(plan,)))
        for typed, plan in zip((checked.typed, again.typed), plans, strict=True)
    ]
    if not again.ok or same[0] != same[1]:
        raise AssertionError(f"{args.file} written as one file means something else: {[p.message() for p in again.problems]}")
    return text
