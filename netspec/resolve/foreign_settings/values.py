"""Finds the values that settings take, for values as other libraries write them: a length, a precision, an optimizer as a dict."""

from __future__ import annotations

import re

from netspec.diagnostics.base import Edit
from netspec.diagnostics.suggestions.setting_words import find_meaning
from netspec.library.shelf import index
from netspec.resolve.foreign_settings import optimizers
from netspec.resolve.foreign_settings.data_forms import rewrite_chain
from netspec.resolve.foreign_settings.lines import drop_line
from netspec.resolve.foreign_settings.optimizers import Form
from netspec.syntax import tree

HALF = ("bf16", "bfloat16", "fp16", "f16", "float16", "half", "16", "mixed", "amp")
FULL = ("f32", "fp32", "float32", "32", "full", "single")
DOUBLE = ("f64", "fp64", "float64", "64", "double")


def rename(item: tree.Setting, target: str, meaning: str, body: tree.Settings) -> list[Form]:
    """A setting under its name here, with its value as it stands here; where the section has that setting, in its place."""
    text = (rewrite_chain(item.value) if target == "data" else "") or write_value(item.value, target, meaning)
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
    if target == "every" and whole:
        return mean_duration(value)
    if target == "precision":
        return write_precision(value, meaning)
    if target == "ema" and isinstance(value, tree.Constant):
        return "0.999" if value.value is True else None
    return text


def find_meant_value(item: tree.Setting) -> str:
    """The value that a setting has instead of the one that it does not take; "" where nothing tells it."""
    meant = MEANT_VALUES.get(item.key)
    return (meant(item.value) if meant is not None else "") or ""


MOST_EPOCHS = 1_000
"""A larger number alone may as well count steps."""


def mean_duration(value: tree.Expr) -> str:
    """A length: of a number the epochs, of a string or a call what it says."""
    if isinstance(value, tree.Unary):
        value = value.value
    if isinstance(value, tree.Number) and value.value > 0 and float(value.value).is_integer():
        return write_value(value, "duration", "epochs") or "" if value.value <= MOST_EPOCHS else ""
    if isinstance(value, tree.Duration) and value.number.value > 0:
        return value.span.text
    said = re.search(r"(\d[\d_]*)\W*(epoch|step|iter)|(epoch|step|iter)\w*\W*(\d[\d_]*)", value.span.text) if is_said(value) else None
    if said is None:
        return ""
    count, unit = said[1] or said[4], said[2] or said[3]
    return f"{count} {'epoch' if unit == 'epoch' else 'step'}{'s' * (count != '1')}"


def is_said(value: tree.Expr) -> bool:
    """A string, or a call of a unit: `"5 epochs"`, `epochs(5)`."""
    return isinstance(value, tree.String | tree.Call)


def mean_seed(value: tree.Expr) -> str:
    """A seed; 0 where none is said."""
    nothing = isinstance(value, tree.Constant) and value.value is None
    return "0" if nothing or isinstance(value, tree.Unary) else mean_count(value)


def mean_count(value: tree.Expr) -> str:
    """A whole number, of one that is written otherwise."""
    text = value.value if isinstance(value, tree.String) else value.span.text
    number = re.fullmatch(r"\s*(\d[\d_]*)(\.0*)?\s*(steps?|batches)?\s*", text)
    return number[1] if number else ""


def mean_decay(value: tree.Expr) -> str:
    """The decay of an average."""
    if isinstance(value, tree.Constant) and value.value is True:
        return "0.999"
    number = value.value if isinstance(value, tree.Number) else None
    if number is not None and 0.9 < number / 10 ** len(str(int(number))) < 1 and float(number).is_integer():
        return f"0.{int(number)}"
    return ""


def mean_optimizer(value: tree.Expr) -> str:
    """An optimizer by its name, as a dict, a list of what is done in order, or a learning rate alone."""
    match value:
        case tree.String():
            op = optimizers.nearest_optimizer(value.value)
            return f"{op}(0.001)" if op and optimizers.has_rate(op) else ""
        case tree.DictExpr() if is_foreign_chain(value):
            return f"groups({value.span.text})"
        case tree.DictExpr():
            return write_op("optimizer", {item.key: item.value for item in value.items})
        case tree.ListExpr() | tree.TupleExpr():
            parts = [part.value if isinstance(part, tree.Arg) else part for part in value.items]
            return " -> ".join(part.span.text for part in parts)
        case tree.Call() if is_foreign_chain(value):
            return " -> ".join(OPTAX.sub("", part.span.text) for part in list_parts(value))
        case tree.Call() if takes_parameters(value):
            return write_torch(value)
        case tree.Binary():
            return " -> ".join(part.span.text for part in list_operands(value))
        case tree.Number():
            return f"adam({value.span.text})"
        case tree.Call() if index.lookup(value.callee.text, "schedule"):
            return f"adam({value.span.text})"
    return ""


OPTAX = re.compile(r"\b(optax|torch\.optim|optim|tf\.keras\.optimizers|keras\.optimizers|optimizers)\.")
"""What stands before the names of optimizers in other libraries."""


def is_foreign_chain(node: tree.Expr) -> bool:
    """`chain(clip_by_global_norm(1.0), adam(1e-3))`, also with `optax.` before it, and a dict of groups."""
    if isinstance(node, tree.DictExpr):
        return any(item.quoted or item.key == "else" for item in node.items)
    called = isinstance(node, tree.Call) and node.callee.text.rpartition(".")[2] in ("chain", "sequential", "compose")
    return called and len(list_parts(node)) > 1  # type: ignore[arg-type]


PARAMETERS = re.compile(r"(\w+\.)*(parameters|params|trainable_variables|trainable_weights|named_parameters)(\(\))?")


def takes_parameters(node: tree.Expr) -> bool:
    """`Adam(model.parameters(), lr=1e-3)`: here an optimizer is given no parameters."""
    first = node.args[0] if isinstance(node, tree.Call) and node.args else None
    return first is not None and first.name in (None, "params") and PARAMETERS.fullmatch(first.value.span.text) is not None


def write_torch(call: tree.Call) -> str:
    """The optimizer without the parameters, its arguments by their names here."""
    op = optimizers.nearest_optimizer(call.callee.text)
    if not op:
        return ""
    lines = {arg.name or f"#{place}": arg.value for place, arg in enumerate(call.args[1:])}
    if any(find_meaning(name)[0] == "weight_decay" for name in lines):
        op = optimizers.DECAYED.get(op, op)
    order = [a.name for a in index.entries(op)[0].signature]
    named = {order[int(name[1:])] if name[0] == "#" else optimizers.find_argument(name, order): v.span.text for name, v in lines.items()}
    if "" in named:
        return ""
    first = sorted(named.items(), key=lambda pair: pair[0] != order[0])
    return f"{op}({', '.join(text if key == order[0] else f'{key}={text}' for key, text in first)})"


def list_parts(call: tree.Call) -> list[tree.Expr]:
    """The values in its parentheses without a name."""
    return [a.value for a in call.args if a.name is None]


def list_operands(node: tree.Expr) -> list[tree.Expr]:
    """The operands of a run of operators, from left to right."""
    return [*list_operands(node.left), node.right] if isinstance(node, tree.Binary) else [node]


MEANT_VALUES = {
    "duration": mean_duration,
    "every": mean_duration,
    "keep_every": mean_duration,
    "seed": mean_seed,
    "accumulate": mean_count,
    "keep": mean_count,
    "limit": mean_count,
    "ema": mean_decay,
    "optimizer": mean_optimizer,
    "precision": lambda value: write_precision(value) if write_precision(value) != value.span.text else "",
}
"""By setting, what a value that it does not take is here."""


def write_precision(value: tree.Expr, meaning: str = "") -> str | None:
    """What a precision is here: `mixed(bf16)` for every half."""
    if isinstance(value, tree.Constant):
        return "mixed(bf16)" if value.value is True else None
    if value.span.text.replace(" ", "") in ("mixed(bf16)", "mixed(f16)", "f32", "f64"):
        return value.span.text
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
