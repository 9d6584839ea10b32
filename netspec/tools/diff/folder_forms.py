"""Writes what became of the specs of a folder as text, JSON and Markdown, each spec that changed as it is written alone. Floor 5."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.drawing.cells import escape
from netspec.diagnostics.drawing.json_report import to_object
from netspec.limits import LIMITS
from netspec.tools.diff import markdown_form, text_form
from netspec.tools.diff.difference import Difference
from netspec.tools.diff.folder import FolderDifference, SpecChange
from netspec.tools.diff.json_form import FORMAT, difference_object
from netspec.tools.diff.words import Code, Line, Phrase, count, join
from netspec.tools.markdown import code, fit, fit_items


def summary_lines(found: FolderDifference) -> Iterator[Line]:
    """A line for each spec that is new, gone or not compared, and one for all that are the same."""
    for spec in found.specs:
        if spec.status in ("added", "removed"):
            yield Line("+" if spec.status == "added" else "-", (Code(spec.path), f": {spec.status}", *_models(spec)))
        elif spec.status == "failed":
            yield Line("", (Code(spec.path), f": not compared, {count(len(spec.problems), 'problem')}"))
    same = sum(spec.status == "same" for spec in found.specs)
    if same:
        yield Line("", (f"{count(same, 'spec')} {'is' if same == 1 else 'are'} the same",))


def _models(spec: SpecChange) -> Phrase:
    """What a new or a lost spec holds."""
    said: list[Phrase] = [(Code(name), f" with {count(parameters, 'parameter')}") for name, parameters in spec.models]
    if spec.problems:
        said.append((count(len(spec.problems), "problem"),))
    return (", ", *join(", ", said)) if said else ()


# --- text ------------------------------------------------------------------------------------------------------------


def write_text(found: FolderDifference) -> str:
    """The summary, and each spec that changed under its path."""
    head = [f"{escape(found.before)} -> {escape(found.after)}"]
    head += [f"  {line.sign + ' ' if line.sign else ''}{text_form.say(line.phrase)}" for line in summary_lines(found)]
    parts = [f"==== {escape(path)} ====\n{text_form.write_text(difference)}" for path, difference in list_changed(found)]
    return "\n\n".join(["\n".join(head), *parts])


def list_changed(found: FolderDifference) -> list[tuple[str, Difference]]:
    """The specs that both folders have and that do not mean the same."""
    return [(spec.path, spec.difference) for spec in found.specs if spec.difference is not None and not spec.difference.same]


# --- JSON ------------------------------------------------------------------------------------------------------------


def write_json(found: FolderDifference) -> str:
    """Every fact of every spec."""
    head = {"format": FORMAT, "before": found.before, "after": found.after, "same": found.same}
    return json.dumps({**head, "files": [_object(spec) for spec in found.specs]}, indent=2)


def _object(spec: SpecChange) -> dict[str, Any]:
    """A spec, with the object that is written of two files alone."""
    found: dict[str, Any] = {"path": spec.path, "status": spec.status}
    if spec.difference is not None:
        found["difference"] = difference_object(spec.difference)
    if spec.models:
        found["models"] = [{"name": name, "params": parameters} for name, parameters in spec.models]
    return found | ({"problems": [to_object(p) for p in spec.problems]} if spec.problems else {})


# --- Markdown --------------------------------------------------------------------------------------------------------


def write_markdown(found: FolderDifference) -> str:
    """The summary as a list, and each spec that changed, folded where there are several; the problems at the end. Each takes a share of the
    room, and more of it where fewer are left."""
    room = LIMITS.comment_characters
    items = fit_items([f"- {markdown_form.say(line.phrase)}" for line in summary_lines(found)], room // 3)
    head = "\n".join([f"### {code(found.before)} → {code(found.after)}", "", *items])
    last = [markdown_form.write_markdown_problems(found.problems, room // 3)] if found.problems else []
    room -= sum(len(part) + 2 for part in (head, *last))
    changed, parts = list_changed(found), []
    for number, (path, difference) in enumerate(changed):
        share = max(SMALLEST, room // (len(changed) - number))
        part = _fold(path, markdown_form.write_markdown(difference, share - len(_fold(path, "", True))), len(changed) > 1)
        parts.append(part)
        room -= len(part) + 2
    return fit([[head], *([part] for part in parts), last], markdown_form.WHERE)


SMALLEST = 2_000
"""Characters of a spec's part: its heading, its costs and what becomes of a checkpoint take some hundreds."""


def _fold(path: str, body: str, folded: bool) -> str:
    """A spec's part; its path stands in HTML, where Markdown has no meaning."""
    if not folded:
        return body
    return "\n".join(markdown_form.fold([body], f"<code>{html.escape(escape(path))}</code>: changed"))
