"""Look at data. Of files (tables, arrays, texts, a folder of pictures) print what they hold, what would mislead a training, and the
declaration for a spec. Of a spec print which files it needs, whether they are in the data folder, and what they hold."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from netspec.cli.spec_options import add_overrides, add_plugins, overrides
from netspec.cli.terminal import report, write_line
from netspec.limits import LIMITS

if TYPE_CHECKING:
    from netspec.ir import DataPlan, TrainPlan
    from netspec.library.base import Dataset
    from netspec.shape import TensorType

HELP = "look at files of data, or at those that a spec needs"
SPECS = (".net", ".netspec", ".json")
USUAL = 0.1
"""What is set aside where the spec says nothing."""
UNITS = ("bytes", "KB", "MB", "GB", "TB")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="files of data, or one spec with a `train` section")
    parser.add_argument("--data", metavar="DIR", help="of a spec: the folder with the data files, or the .npz file of `arrays`")
    parser.add_argument("--test", metavar="FILE", action="append", default=[], help="of data: another file, which is to be evaluated")
    parser.add_argument("--label", metavar="NAME", help="of data: the column or array that is to be predicted")
    parser.add_argument("--horizon", metavar="N", type=number, help="of a series: how many lines ahead it is to be predicted (0: none)")
    parser.add_argument("-o", "--output", metavar="SPEC", help="of data: write a small spec that trains on them to a new file")
    add_overrides(parser)
    add_plugins(parser)


def number(text: str) -> int:
    """A number from 0 on; anything else is an error of use."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"`{text}` is no number from 0 on")
    return int(text)


def run(args: Namespace) -> int:
    """0 when everything is there or nothing was looked for; 1 when the spec has a problem, or a file is missing or unreadable."""
    if len(args.files) > 1 or not args.files[0].endswith(SPECS):
        from netspec.cli.data_files import run_look

        return run_look(args)
    from netspec.compile import check_readable

    file = args.files[0]
    checked = check_readable(file, set=overrides(args.set), plugins=args.plugins)
    code = report(checked.problems)
    trains = checked.typed.trains if checked.typed else ()
    lines = [line for plan in trains for line in section(plan, args.data)]
    for line in lines or [f"`{file}` has no `train` section, so it needs no data."]:
        write_line(line)
    return max(code, int(any(line.endswith(MISSING) for line in lines)))


MISSING = ": missing"


def section(plan: TrainPlan, folder: str | None) -> Iterator[str]:
    """The lines of one `train` section."""
    yield f"train {plan.name}"
    yield from chain("data", plan.data, folder)
    if plan.eval.data is not None and not plan.eval.data.part:
        yield from chain("eval", plan.eval.data, folder)
    elif plan.eval.data is not None:
        yield f"  validation: {describe_aside(plan.data.dataset)}"
    if plan.eval.test is not None:
        yield from chain("test", plan.eval.test, folder)
    if folder and os.path.isdir(folder) and not any(line.endswith(MISSING) for line in chain("data", plan.data, folder)):
        from netspec.tools.data_files.spec_facts import facts_of

        yield from facts_of(plan, Path(folder))


def chain(setting: str, plan: DataPlan, folder: str | None) -> Iterator[str]:
    """A data chain: its dataset, the fields of its examples and of its batches, and its files."""
    from netspec.library.shelf.op_text import to_text

    dataset, types = plan.dataset, plan.dataset.batch_types()
    yield f"  {setting} = {to_text(dataset)}"
    yield f"    fields: {fields(types)}"
    if plan.fields != types:
        yield f"    after the transforms: {fields(plan.fields)}"
    files = [*dataset.needs(), *(names for transform in plan.transforms for names in transform.needs())]
    for names in files:
        yield f"    file {locate(names, folder)}"
    if folder and os.path.isdir(folder):
        yield from described(dataset, folder)
    if not files and folder and os.path.isfile(folder) and dataset.origin:
        yield f"    file {folder}: {size(folder)}"
    elif dataset.origin:
        yield f"    from {dataset.origin}"
    elif not files:
        yield "    no files: the data are part of netspec"


def describe_aside(dataset: Dataset) -> str:
    """What is set aside of the examples of a training, and how."""
    wanted = dataset.validation
    count = f"{wanted:,} examples" if isinstance(wanted, int) else f"{USUAL if wanted == 'auto' else wanted:.3g} of the examples"
    if dataset.group:
        return f"{count}, whole groups by `{dataset.group}`"
    return f"{count}, the last by `{dataset.split_by}`" if dataset.split_by else f"{count}, by the seed"


def described(dataset: Dataset, folder: str) -> Iterator[str]:
    """What a dataset's files hold, or why that cannot be said."""
    from netspec.diagnostics.base import Mistake

    try:
        yield from (f"      {line}" for line in dataset.describe_files(Path(folder)))
    except Mistake as mistake:
        yield f"      {mistake.diagnostic.message()}"


def fields(types: Mapping[str, TensorType]) -> str:
    """Fields with their types, on one line."""
    return ", ".join(f"{name}: {kind}" for name, kind in types.items())


def locate(names: tuple[str, ...], folder: str | None) -> str:
    """Where a file lies that may have these names, or that it is missing; of a pattern how many files there are."""
    if folder is not None and "*" in names[0]:
        from netspec.library.data.datasets.text_file import matching

        count = len(matching(Path(folder), names[0]))
        return f"{names[0]}: {count:,} file{'' if count == 1 else 's'}" if count else f"{names[0]}{MISSING}"
    if folder is not None and (path := next((p for n in names if os.path.exists(p := os.path.join(folder, n))), None)):
        return f"{path}: {size(path)}"
    others = names[1 : LIMITS.listed_files]
    more = f" (or {', '.join(others)}{', …' if len(names) > LIMITS.listed_files else ''})" if others else ""
    return f"{names[0]}{more}" + ("" if folder is None else MISSING)


def size(path: str) -> str:
    """`9.9 MB`, or `a folder`."""
    if os.path.isdir(path):
        return "a folder"
    count, unit = float(os.path.getsize(path)), 0
    while count >= 1000 and unit < len(UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.3g} {UNITS[unit]}"
