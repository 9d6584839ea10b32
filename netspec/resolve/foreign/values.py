"""Writes a value as an argument takes it: a tuple as a list, a word as an op, a number as an initializer or a length of training."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from netspec.diagnostics.suggestions.aliases import foreign_ops
from netspec.diagnostics.suggestions.nearest import find_same, nearest, squash
from netspec.library.shelf import index
from netspec.shape import DTYPES

KINDS = ("initializer", "function", "layer", "schedule", "optimizer")
"""The kinds of op that a type may ask for by name."""
CONSTANTS = {"True": "true", "False": "false", "None": "none", "TRUE": "true", "FALSE": "false", "NULL": "none", "null": "none"}
"""How other languages write the constants."""
_NUMBER = re.compile(r"-?[0-9][0-9_]*(\.[0-9]+)?(e[+-]?[0-9]+)?")
LENGTH = re.compile(r"[0-9][0-9_.]* (steps?|epochs?)")
TRUTHS = {"true": "true", "false": "false", "yes": "true", "no": "false", "tanh": "true", "none": "false"}
"""What words mean where a truth value is wanted; `approximate="tanh"` among them."""
PLAIN = {"linear", "none", "identity", "null", ""}
"""Activations that change nothing."""
OWN_FORMS = {"gelunew": "gelu", "gelutanh": "gelu", "gelufast": "gelu", "gelupytorchtanh": "gelu", "quickgelu": "gelu", "swish": "silu"}
"""Activations of checkpoints' configurations."""


def convert_text(text: str, wanted: str) -> list[str]:
    """How a value may be written for an argument of the type, the likeliest first; itself is not among them."""
    text = text.strip()
    found = [*_convert(text, wanted), *([CONSTANTS[text]] if text in CONSTANTS else [])]
    return [made for made in dict.fromkeys(found) if made and made != text]


def _convert(text: str, wanted: str) -> Iterable[str]:
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        yield from from_word(text[1:-1], wanted)
    elif text.startswith("(") and text.endswith(")"):
        yield from from_items(split_items(text), wanted)
    elif text.startswith("[") and text.endswith("]"):
        yield from from_items(split_items(text), wanted)
    elif _NUMBER.fullmatch(text):
        yield from from_number(text, wanted)
    elif LENGTH.fullmatch(text):
        yield f"[{text}]" if "list[duration]" in wanted else ""
    elif text in ("true", "false"):
        if takes(wanted, "int") or takes(wanted, "float"):
            yield "1" if text == "true" else "0"
    elif re.match(r"[\w.]+", text):
        yield from from_tensor(text, wanted)
        yield from from_name(text, wanted)


def takes(wanted: str, part: str) -> bool:
    """One of the type's alternatives is `part`, optional or not."""
    return re.search(rf"(?<![\w\[]){re.escape(part)}(?![\w\]])", wanted) is not None


def kinds_in(wanted: str) -> tuple[str, ...]:
    """The kinds of op that a type asks for."""
    return tuple(kind for kind in KINDS if takes(wanted, kind))


def from_word(word: str, wanted: str) -> Iterable[str]:
    """What a word in quotes was meant as."""
    choices = re.findall(r'"([\w-]+)"', wanted)
    yield from (f'"{near}"' for near in nearest(word, choices)[:1])
    if re.fullmatch(r"-?[0-9][0-9_]*(\.[0-9]+)?(e-?[0-9]+)?", word):
        yield from [word] if takes(wanted, "int") or takes(wanted, "float") else convert_text(word, wanted)
    if word.lower() in TRUTHS and takes(wanted, "bool"):
        yield TRUTHS[word.lower()]
    if LENGTH.fullmatch(word) and "duration" in wanted:
        yield word
    if "dtype" in wanted:
        yield from nearest(word, DTYPES)[:1]
    yield from name_op(word, kinds_in(wanted))


def name_op(word: str, kinds: Sequence[str]) -> list[str]:
    """The ops of these kinds that a word means."""
    if not kinds:
        return []
    last = word.rpartition(".")[2]
    kinds = ("function", "layer") if {"function", "layer"} & set(kinds) else tuple(kinds)
    names = index.names(*kinds)
    own = OWN_FORMS.get(squash(last))
    tables = [table for section, table in foreign_ops().items() if set(section) & set(kinds)]
    said = [ours for table in tables if squash(last) in table for ours in table[squash(last)].ours]
    return list(dict.fromkeys([*([own] if own else []), *find_same(last, names), *(ours for ours in said if ours in names)]))


def from_items(items: list[str], wanted: str) -> Iterable[str]:
    """What several values were meant as: a list, or the one number that stands several times."""
    inner = wanted.partition("list[")[2].rpartition("]")[0]
    if inner == "duration" and all(_NUMBER.fullmatch(item) for item in items):
        units = ("epochs", "steps") if items and max(map(float, items)) <= 300 else ("steps", "epochs")
        yield from (f"[{', '.join(f'{item} {unit}' for item in items)}]" for unit in units)
        return
    made = [from_pair((_convert_item(item, inner) or [item])[0]) for item in items]
    if "list" in wanted or "any" in wanted:
        yield f"[{', '.join(made)}]"
    if items and len(set(items)) == 1:
        yield items[0]
        yield from convert_text(items[0], wanted)


def _convert_item(item: str, inner: str) -> list[str]:
    """An item that is not of the type of a list's items, written so."""
    fraction = _NUMBER.fullmatch(item) and "." in item and takes(inner, "int") and not takes(inner, "float")
    return convert_text(item, inner) if inner and (item.startswith('"') or fraction) else []


def from_pair(item: str) -> str:
    """An item that is several values itself, as a list."""
    return f"[{', '.join(map(from_pair, split_items(item)))}]" if item.startswith("(") and item.endswith(")") else item


def from_number(text: str, wanted: str) -> Iterable[str]:
    """What a number was meant as, where another sort of value is wanted."""
    value = float(text.replace("_", ""))
    if not math.isfinite(value):
        return
    if takes(wanted, "int") and not takes(wanted, "float") and not re.fullmatch(r"-?[0-9_]+", text):
        yield f"{value:.0f}" if value.is_integer() else ""
        yield str(max(round(value), 1)) if 0.5 < value else ""
    if takes(wanted, "bool") and not abs(value) % 1 and 0 <= value <= 1:
        yield "true" if value else "false"
    if "duration" in wanted and value.is_integer() and value > 0:
        unit = "step" if value == 1 else "steps"
        yield from ([f"[{text} {unit}]"] if "list" in wanted else [f"{text} {unit}", f"{text} {unit.replace('step', 'epoch')}"])
    if takes(wanted, "initializer"):
        yield {0.0: "zeros", 1.0: "ones"}.get(value, "")
        yield f"constant({text})"
    if "list" in wanted:
        yield f"[{text}]"


def from_name(text: str, wanted: str) -> Iterable[str]:
    """What a name, or a call, was meant as: `nn.initializers.he_normal()`, `jnp.float32`, `np.inf`."""
    name, _, behind = text.partition("(")
    last = name.rpartition(".")[2]
    if last in CONSTANTS:
        yield CONSTANTS[last]
    if "dtype" in wanted:
        yield from nearest(last, DTYPES)[:1]
    rest = f"({behind}" if behind and behind.rstrip() != ")" else ""
    choices = re.findall(r'"([\w-]+)"', wanted)
    yield from (f'"{near}"' for near in find_same(last, choices)[:1])
    yield from (f"{ours}{rest}" for ours in name_op(last, kinds_in(wanted)))


_DRAWS = re.compile(r"\b(random_normal|random_uniform|full)(\((?:[^()\[\]]|\[[^\[\]]*\])*\))")


def from_tensor(text: str, wanted: str) -> Iterable[str]:
    """What a tensor was meant as where an initializer is wanted, which knows its shape: `0.02 * random_normal([16, 4])`."""
    if takes(wanted, "initializer") and _DRAWS.search(text):
        made = _DRAWS.sub(lambda call: _initialize(call[1], split_items(call[2])[1:]), text)
        yield re.sub(r"^([0-9.e-]+) \* normal\(1\.0\)$", r"normal(\1)", made)


def _initialize(op: str, args: Sequence[str]) -> str:
    """The initializer with the values of a function that makes a tensor, by its arguments behind the shape."""
    if op == "random_normal":
        return "normal(1.0)"
    named = dict(arg.replace(" ", "").split("=", 1) for arg in args if "=" in arg)
    plain = [arg for arg in args if "=" not in arg]
    if op == "full":
        return f"constant({named.get('value', plain[0] if plain else '')})"
    low, high = named.get("low", plain[0] if plain else "0.0"), named.get("high", plain[1] if len(plain) > 1 else "1.0")
    if not (_NUMBER.fullmatch(low) and _NUMBER.fullmatch(high)):
        return f"uniform({high} - {low}) + {low}"
    width, start = f"{float(high) - float(low):.10g}", float(low)
    behind = "" if not start else f" {'-' if start < 0 else '+'} {abs(start):.10g}"
    return f"uniform({width}){behind}"


def split_items(text: str) -> list[str]:
    """The items of `(a, b)` or `[a, b]`, brackets and strings kept together."""
    items, depth, start, quoted = [], 0, 1, False
    for place, sign in enumerate(text[1:-1], 1):
        quoted ^= sign == '"'
        if quoted:
            continue
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            items.append(text[start:place].strip())
            start = place + 1
    return [item for item in (*items, text[start:-1].strip()) if item]
