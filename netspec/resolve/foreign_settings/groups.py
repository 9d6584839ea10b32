"""Finds how settings stand in the sections inside of `train`, `eval { }`, `checkpoint { }` and `stop { }`."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Edit
from netspec.diagnostics.suggestions.nearest import squash
from netspec.resolve.foreign_settings.lines import drop_line, insert
from netspec.resolve.foreign_settings.optimizers import Form
from netspec.syntax import tree

KEYS = {
    "eval_data": ("eval", "data"),
    "eval_every": ("eval", "every"),
    "eval_limit": ("eval", "limit"),
    "checkpoint_every": ("checkpoint", "every"),
    "checkpoint_keep": ("checkpoint", "keep"),
    "stop_patience": ("stop", "patience"),
    "stop_min_delta": ("stop", "min_delta"),
}
"""Where settings stand that have a section of their own."""


def place_in_group(body: tree.Settings, key: str, strangers: Sequence[tuple[str, tree.Setting]]) -> list[Form]:
    """How the section `key` is with the strangers in it, each with its meaning (its own name where the section stands as a setting)."""
    found: dict[str, str] = {}
    for meaning, item in strangers:
        lines = read_lines(body, key, meaning, item)
        if lines is None:
            return []
        found |= lines
    group = next((i for i in body.items if isinstance(i, tree.Group) and i.key == key), None)
    items = [item for _, item in strangers]
    if not found:
        return [("", tuple(drop_line(item) for item in items))]
    words = "; ".join(f"{name} = {text}" for name, text in found.items())
    if group is None:
        text = f"{key} {{ {words} }}"
        return [(text, (Edit(items[0].span, text), *(drop_line(item) for item in items[1:])))]
    return [(f"{key} {{ {words} … }}", (*put_into(group, found), *(drop_line(item) for item in items)))]


def put_into(group: tree.Group, found: dict[str, str]) -> list[Edit]:
    """A section with further lines; those that it has are exchanged."""
    have = {i.key: i for i in group.body.items if isinstance(i, tree.Setting)}
    edits = [Edit(have[name].value.span, text) for name, text in found.items() if name in have]
    more = "".join(f" {name} = {text};" for name, text in found.items() if name not in have)
    source, start = group.span.source, group.span.source.text.index("{", group.name_span.end) + 1
    return [*edits, insert(source, start, more if group.body.items else more.removesuffix(";"))] if more else edits


def read_lines(body: tree.Settings, key: str, meaning: str, item: tree.Setting) -> dict[str, str] | None:
    """The lines of the section that a setting is; none where it says what is so anyway, None where it is not understood."""
    value, text = item.value, item.value.span.text
    if key == "stop":
        return read_stop(KEYS[meaning][1] if meaning in KEYS else "patience", value)
    if isinstance(value, tree.Constant):
        return {"every": "1 epoch"} if value.value is True and (key == "checkpoint" or meaning == "eval_every") else {}
    if isinstance(value, tree.DictExpr):
        return {part.key: part.value.span.text for part in value.items} if meaning == key else None
    name = KEYS[meaning][1] if meaning in KEYS else ""
    if name in ("limit", "keep"):
        return {name: text}
    if isinstance(value, tree.Duration):
        return {"every": text} if name in ("", "every") else None
    if isinstance(value, tree.Number) and isinstance(value.value, int):
        return {"every": f"{text} {unit_of(body, item)}"} if name in ("", "every") else None
    if isinstance(value, tree.String):
        return read_word(key, value.value)
    return {"data": text} if key == "eval" and isinstance(value, tree.Chain | tree.Call | tree.Name) and name in ("", "data") else None


def read_stop(name: str, value: tree.Expr) -> dict[str, str] | None:
    """The lines of `stop`: so many evaluations, or so much. `true` is as many as `stop` waits for where it does not say."""
    if isinstance(value, tree.Constant):
        return {} if value.value is not True else {"patience": "5"} if name == "patience" else None
    if isinstance(value, tree.Number):
        return {name: value.span.text} if name == "min_delta" or isinstance(value.value, int) else None
    if isinstance(value, tree.DictExpr):
        lines = {STOP_WORDS.get(squash(part.key), ""): part.value for part in value.items}
        known = "" not in lines and len(lines) == len(value.items) and all(isinstance(v, tree.Number) for v in lines.values())
        return {line: number.span.text for line, number in lines.items()} if known else None
    return None


STOP_WORDS = {"patience": "patience", "mindelta": "min_delta", "threshold": "min_delta", "delta": "min_delta"}
"""What stands in a dict of early stopping, by what it is here."""


def read_word(key: str, word: str) -> dict[str, str] | None:
    """What a string says of when: `"epoch"`; in `checkpoint` any other is a folder, which stands on the command line."""
    if word.rstrip("s") in ("epoch", "step"):
        return {"every": f"1 {word.rstrip('s')}"}
    return {} if key == "checkpoint" else None


def unit_of(body: tree.Settings, item: tree.Setting) -> str:
    """The unit of a number without one: as the name says, else epochs, where the training has as many."""
    count = item.value.value if isinstance(item.value, tree.Number) else 0
    duration = next((i.value for i in body.items if isinstance(i, tree.Setting) and i.key == "duration"), None)
    known = duration if isinstance(duration, tree.Duration) else None
    few = known is None or known.unit == "epoch" and count <= known.number.value  # type: ignore[operator]
    unit = "step" if "step" in item.key or ("epoch" not in item.key and not few) else "epoch"
    return unit + "s" * (count != 1)
