"""Holds what was found in files of data, and writes it for a person."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import NoSuchColumn
from netspec.diagnostics.data.looks import OptionNotKept
from netspec.diagnostics.drawing.cells import escape, width
from netspec.files import is_text
from netspec.record import record


@record
class Starter:
    """What a small spec that trains on the data is made of, as text of the language."""

    data: str
    """The data chain: `csv("a.csv", …) -> shuffle -> batch(32)`."""
    inputs: tuple[str, ...]
    """Declarations of the model's inputs."""
    body: tuple[str, ...]
    """The model's other statements."""
    loss: str
    metric: str = ""
    epochs: int = 20
    rate: str = "0.003"
    serve: str = ""
    """What is generated, where the model writes on."""
    evaluated: str = ""
    """The data chain of other files that are evaluated, where the dataset does not name them itself."""


@record
class Look:
    """What was found."""

    title: str
    """What it is and how much of it."""
    lines: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    starter: Starter | None = None
    label: str = ""
    """What was taken for the label, in the words of the files."""
    why: str = ""
    """Why there is no starter, where that is more than that nothing in the files is a label."""


def require_label(label: str, names: Iterable[str], file: Path, why_not: str = "") -> None:
    """Raise `Mistake` where a label that is wished for is not there, or `why_not` it cannot be one; "" is no wish."""
    if label and label not in (known := tuple(names)):
        raise Mistake(NoSuchColumn(file=str(file), column=label, field="label", columns=known))
    if label and why_not:
        raise Mistake(OptionNotKept(option=f"--label {label}", why=why_not, instead="name another one"))


def refuse_label(label: str, why: str) -> None:
    """Raise `Mistake` where a label is wished for that nothing has."""
    if label:
        raise Mistake(OptionNotKept(option=f"--label {label}", why=why, instead="leave `--label` out"))


def home_of(files: Sequence[Path]) -> str:
    """The folder that all files are in, which is to be the data folder."""
    folder = os.path.commonpath([os.path.abspath(file.parent) for file in files])
    return os.path.relpath(folder) if len({file.parent for file in files}) > 1 else os.path.normpath(files[0].parent)


def write_names(files: Sequence[Path], paths: Sequence[Path], tests: Sequence[Path]) -> str:
    """The names of some of the files as a spec has them, relative to the data folder; several as a list, and "" for none."""
    home = home_of([*paths, *tests])
    names = [quoted(Path(os.path.relpath(file, home)).as_posix()) for file in files]
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]" if names else ""


def quoted(text: str) -> str:
    """A text as a string of the language."""
    return json.dumps(text, ensure_ascii=False)


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines whose columns stand below each other; the last column keeps its own width."""
    shown = [[escape(text) for text in row] for row in rows]
    widths = [max(map(width, column)) for column in zip_longest(*shown, fillvalue="")]
    return ["  ".join(text + " " * (room - width(text)) for text, room in zip(row, widths, strict=False)).rstrip() for row in shown]


def count(number: int, one: str, many: str = "") -> str:
    """`1 line`, `3 lines`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def share(part: int, whole: int) -> str:
    """`9 (18%)`."""
    percent = 100 * part / whole
    return f"{part:,} ({percent:.0f}%)" if percent >= 1 or not part else f"{part:,} (under 1%)"


def batch_size(examples: int, most: int = 128, least: int = 4) -> int:
    """A size of batches that leaves eight and more for an epoch."""
    return next((size for size in (128, 64, 32, 16, 8) if size <= most and examples >= 8 * size), least)


def starter_text(starter: Starter, name: str = "Starter") -> str:
    """A whole spec, in the one style of the language; "" where names of the data cannot be written in one."""
    body = [f"  {line}" for line in (*(f"input {text}" for text in starter.inputs), *starter.body)]
    settings = [
        f"data = {starter.data}",
        f"loss = {starter.loss}",
        *([f"metric accuracy = {starter.metric}"] if starter.metric else []),
        f"optimizer = adam({starter.rate})",
        f"duration = {starter.epochs} epochs",
        *([f"eval {{ data = {starter.evaluated} }}"] if starter.evaluated else []),
    ]
    served = ["", f"serve {name} {{ {starter.serve} }}"] if starter.serve else []
    text = "\n".join(["netspec 1", "", f"model {name} {{", *body, "}", "", f"train {name} {{", *settings, "}", *served, ""])
    return format_text(text) if is_text(text) else ""


def epochs_of(examples: int, most: int) -> int:
    """A length of training that is over in minutes, and long enough for few examples."""
    return int(min(max(10_000 // max(examples, 1), 2), most))


def format_text(text: str) -> str:
    """The text as the formatter writes it; "" where it is no spec."""
    from netspec.source import Source
    from netspec.syntax.parser import parse
    from netspec.syntax.printer import print_file

    file, problems = parse(Source("starter.net", text))
    return "" if file is None or problems else print_file(file)


def declaration(starter: Starter) -> Iterator[str]:
    """The lines of the setting `data`; none where the data cannot be declared."""
    lines = starter_text(starter).split("\n")
    begins = [number for number, line in enumerate(lines) if line.startswith(("  data", "  loss"))]
    yield from lines[begins[0] : begins[1]] if begins else ()
