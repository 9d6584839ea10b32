"""Finds the values that settings take, for values as other libraries write them: a length, a precision, an optimizer as a dict."""

from __future__ import annotations

import re

from netspec.diagnostics.base import Edit
from netspec.library.shelf import index
from netspec.resolve.foreign_settings import optimizers
from netspec.resolve.foreign_settings.lines import drop_line
from netspec.resolve.foreign_settings.optimizers import Form
from netspec.syntax import tree

HALF = ("bf16", "bfloat16", "fp16", "f16", "float16", "half", "16", "mixed", "amp")
FULL = ("f32", "fp32", "float32", "32", "full", "single")
DOUBLE = ("f64", "fp64", "float64", "64", "double")


def rename(item: tree.Setting, target: str, meaning: str, body: tree.Settings) -> list[Form]:
    """A setting under its name here, with its value as it stands here; where the section has that setting, in its place."""
    text = write_value(item.value, target, meaning)
    if text is None:
        return [(drop_words(target), (drop_line(item),))]
    there = next((i for i in body.items if isinstance(i, tree.Setting) and i.key == target), None)
    line = f"{target} = {text}"
    if there is not None:
        return [(line, (Edit(there.value.span, text), drop_line(item)))]
    return [(line, (Edit(item.span, line),))]


def drop_words(target: str) -> str:
    """What is said where a setting says what is so without it."""
    return ""


def write_value(value: tree.Expr, target: str, meaning: str) -> str | None:
    """The value of a setting; None where it is what is so without the setting."""
    text = value.span.text
    whole = isinstance(value, tree.Number) and float(value.value).is_integer()
    if target == "duration" and whole:
        count = int(value.value)  # type: ignore[attr-defined]
        unit = "step" if meaning == "steps" else "epoch"
        shown = text if isinstance(value.value, int) else str(count)  # type: ignore[attr-defined]
        return f"{shown} {unit}{'s' * (count != 1)}"
    if target == "precision":
        return write_precision(value, meaning)
    if target == "ema" and isinstance(value, tree.Constant):
        return "0.999" if value.value is True else None
    return text


def write_precision(value: tree.Expr, meaning: str = "") -> str | None:
    """What a precision is here: `mixed(bf16)` for every half."""
    if isinstance(value, tree.Constant):
        return "mixed(bf16)" if value.value is True else None
    return read_precision_word(value.span.text) or value.span.text


def read_precision_word(text: str) -> str:
    """The precision that a word, string or number means; "" where it means none."""
    parts = re.split(r"[^a-z0-9]+", text.lower().strip('"'))
    for words, meant in ((HALF, "mixed(bf16)"), (DOUBLE, "f64"), (FULL, "f32")):
        if any(part in words for part in parts):
            return meant
    return ""


def write_setting(item: tree.Group) -> list[Form]:
    """`optimizer { name = "adam"; learning_rate = 1e-3 }`: the section as a setting."""
    lines = {i.key: i.value for i in item.body.items if isinstance(i, tree.Setting)}
    text = write_op(item.key, lines) if len(lines) == len(item.body.items) else ""
    return [(f"{item.key} = {text}", (Edit(item.span, f"{item.key} = {text}"),))] if text else []


NAMES = ("name", "type", "class", "kind", "op", "class_name")


def write_op(key: str, lines: dict[str, tree.Expr]) -> str:
    """A dict that names an op and its arguments, as its call; "" where it does not."""
    name = next((optimizers.word_of(lines[n]) for n in NAMES if n in lines), "")
    op = optimizers.nearest_optimizer(name) if key == "optimizer" and name else ""
    if not op:
        return ""
    order = [a.name for a in index.entries(op)[0].signature]
    args = {key: value.span.text for key, value in lines.items() if key not in NAMES}
    named = {optimizers.find_argument(key, order): text for key, text in args.items()}
    if "" in named or len(named) < len(args):
        return ""
    first = sorted(named.items(), key=lambda pair: pair[0] != order[0])
    return f"{op}({', '.join(text if key == order[0] else f'{key}={text}' for key, text in first)})"
