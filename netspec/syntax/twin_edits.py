"""Says repairs of a text as edits of its JSON twin: what differs between the twins of the text before and behind them is written anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.edits import apply_edits
from netspec.json_text import Item, read_json
from netspec.record import replace
from netspec.source import Source, Span
from netspec.syntax import tree
from netspec.syntax.parser import parse
from netspec.syntax.twin import to_json, to_text


def text_of(source: Source, file: tree.File) -> Source | None:
    """The text form of a spec in JSON; None where it has none."""
    text, problems = to_text(file)
    return None if problems else Source(source.path.removesuffix(".json") + ".net", text)


def translate_repairs(source: Source, problems: Sequence[Diagnostic], text: Source, known: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The problems of a spec in JSON: those without a repair have that of the same problem in its `text`."""
    others, before, found = list(known), _twin_of(text), []
    for problem in problems:
        same = next((p for p in others if (p.slug(), p.message()) == (problem.slug(), problem.message())), None)
        same = same or next((p for p in others if p.slug() == problem.slug()), None)  # a message may quote what JSON writes otherwise
        others = [p for p in others if p is not same]
        held = same.held if same is not None and same.at.source is text and problem.held is None else None
        edits = translate(source, before, text, held) if held is not None and before is not None else ()
        found.append(replace(problem, ways=(replace(held, edits=edits),)) if held is not None and edits else problem)
    return found


def translate(source: Source, before: str, text: Source, repair: Repair) -> tuple[Edit, ...]:
    """The edits of the JSON that do what a repair does to the text; none where that cannot be said."""
    after = _twin_of(Source(text.path, apply_edits(text, repair.edits)))
    here, _ = read_json(source)
    if after is None or here is None:
        return ()
    return tuple(_differ(json.loads(before), json.loads(after), here))


def _twin_of(text: Source) -> str | None:
    """The JSON twin of a text; None where it cannot be read."""
    file, problems = parse(text)
    if file is None or problems:
        return None
    twin, problems = to_json(file)
    return None if problems else twin


def _differ(old: Any, new: Any, here: Item) -> Iterator[Edit]:
    """The edits of an item that make of the value `old`, as which it is read, the value `new`."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and isinstance(here.value, dict):
        changed = [key for key in new if old.get(key) != new[key]]
        if old.keys() == new.keys() and all(key in here.value for key in changed):
            for key in changed:
                yield from _differ(old[key], new[key], here.value[key].item)
            return
    if isinstance(old, list) and isinstance(new, list) and isinstance(here.value, list) and len(here.value) == len(old) and old and new:
        yield from _differ_in_order(old, new, here.value)
        return
    yield _write(here.source, here.start, here.end, _dump(new))


def _differ_in_order(old: list[Any], new: list[Any], items: list[Item]) -> Iterator[Edit]:
    """The same of lists: items that are there in both stay as they stand."""
    for how, a, b, c, d in SequenceMatcher(None, [*map(_dump, old)], [*map(_dump, new)], autojunk=False).get_opcodes():
        if how == "replace" and b - a == d - c:
            for place in range(b - a):
                yield from _differ(old[a + place], new[c + place], items[a + place])
        elif how == "replace":
            yield _write(items[a].source, items[a].start, items[b - 1].end, ", ".join(map(_dump, new[c:d])))
        elif how == "delete":
            first = items[a - 1].end if a and b == len(items) else items[a].start
            yield _write(items[a].source, first, items[b].start if b < len(items) else items[b - 1].end, "")
        elif how == "insert":
            text = ", ".join(map(_dump, new[c:d]))
            place, text = (items[a].start, text + ", ") if a < len(items) else (items[-1].end, ", " + text)
            yield _write(items[0].source, place, place, text)


def _write(source: Source, start: int, end: int, text: str) -> Edit:
    return Edit(Span(source, start, end), text, raw=True)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
