"""Writes a difference as Markdown for a pull request. Floor 5."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.text import has_place, render_one, say_count, sort_problems, summarize
from netspec.limits import LIMITS
from netspec.tools.diff.difference import Difference, ModelChange
from netspec.tools.diff.words import (
    Code,
    Line,
    Phrase,
    cost_rows,
    definition_lines,
    layer_lines,
    other_lines,
    section_lines,
    verdict_lines,
)
from netspec.tools.markdown import code, fence, fit, fit_items, write_table

FOLDED = 12
"""So many lines of layers stand in the open; more are folded."""
SIGNS = {"+": "added", "-": "removed"}
MARKS = {"loads": "✅", "nothing to load": "✅", "incompatible": "❌"}
"""What stands before a verdict; before any other a warning sign."""
WHERE = "the output of `netspec diff`"
"""What shows the parts for which a comment has no room."""


def write_markdown(found: Difference, largest: int = LIMITS.comment_characters) -> str:
    """The difference with a heading and a part for each model and section, as far as there is room."""
    room = largest // 4
    head = f"### {code(found.before)} → {code(found.after)}"
    moved = fit_items(_items(definition_lines(found.definitions)), room)
    if found.same:
        return fit([["\n".join([head, "", "Same: they compile to the same programs.", *moved])]], WHERE, largest)
    groups = [["\n".join([head, *moved])]]
    groups += [_model(model, room) for model in found.models]
    groups += [[f"#### model {code(name)}: removed"] for name in found.removed]
    for change in found.trains:
        kind, _, name = change.name.partition(" ")
        groups.append(
            ["\n".join([f"#### {kind} {code(name)}: {change.what}", "", *fit_items(_items(section_lines(change)), room)]).rstrip()]
        )
    for offer in found.offered:
        kind, _, name = offer.name.partition(" ")
        lines = fit_items([f"- {SIGNS[line[0]]}: {code(line[2:])}" for line in offer.lines], room)
        groups.append(["\n".join([f"#### {kind} {code(name)}: {offer.what}, for files that import it", "", *lines])])
    return fit(groups, WHERE, largest)


def write_markdown_problems(problems: Sequence[Diagnostic], largest: int = LIMITS.comment_characters) -> str:
    """What keeps two specs from being compared: the first problems, whole, and how many more there are."""
    ordered = sort_problems(problems)
    drawn = [render_one(problem) for problem in ordered[: LIMITS.problems]]
    while True:
        more = [f"… and {len(ordered) - len(drawn):,} more, not shown."] if len(drawn) < len(ordered) else []
        text = "\n\n".join([*drawn, *more, *([summarize(ordered)] if any(map(has_place, ordered)) else [])])
        written = f"### {say_count(len(ordered), 'problem')}\n\n{fence(text, 'text')}"
        if len(written) <= largest or not drawn:
            return written
        drawn = drawn[: -max(1, len(drawn) // 10)]


def _model(model: ModelChange, room: int) -> list[str]:
    """The parts of a model: what it costs, its layers, a drawing, and what becomes of a checkpoint."""
    if model.is_new:
        return ["\n".join([f"#### model {code(model.name)}: added", "", *_costs(model)])]
    was = f", was {code(model.was)}" if model.was != model.name else ""
    verdict = f" · checkpoint: {MARKS.get(model.verdict.kind, '⚠️')} {model.verdict.kind}" if model.verdict else ""
    parts = ["\n".join([f"#### model {code(model.name)}{was}: {model.state}{verdict}", *([] if model.same else ["", *_costs(model)])])]
    lines = _items((*other_lines(model), *layer_lines(model)))
    if lines:
        shown = fit_items(lines, room)
        parts.append("\n".join(fold(shown, f"{say_count(len(lines), 'change')} of layers") if len(lines) > FOLDED else shown))
    if model.drawing and not model.same:
        parts.append("\n".join(fold([fence(model.drawing, "mermaid")], "the model now, what is new in green and what changed in yellow")))
    if model.verdict is not None:  # folded: the word of it stands in the heading
        said = fit_items(_items(verdict_lines(model.verdict)), room)
        parts.append("\n".join(fold(said, f"checkpoint: {model.verdict.kind}")))
    return parts


def _costs(model: ModelChange) -> list[str]:
    """The costs as a table."""
    rows = [(name, _amount(old), _amount(new), change) for name, old, new, change in cost_rows(model.before, model.after)]
    if model.before is None:
        return write_table(("", "now"), [(name, after) for name, _, after, _ in rows])
    return write_table(("", "before", "after", "change"), rows)


def _amount(text: str) -> str:
    """An amount; one with free sizes stands as code, since names and `*` may mean something else in Markdown."""
    return code(text) if any(c.isalpha() or c in "*_" for c in text) else text


def fold(lines: Sequence[str], summary: str) -> list[str]:
    """Lines that open at a click."""
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>"]


def _items(lines: Iterable[Line]) -> list[str]:
    """Items of a list, each with what stands below it."""
    return ["\n".join([f"- {_sign(line)}{say(line.phrase)}", *(f"  - {say(phrase)}" for phrase in line.below)]) for line in lines]


def _sign(line: Line) -> str:
    return f"{SIGNS[line.sign]} " if line.sign in SIGNS else ""


def say(phrase: Phrase) -> str:
    """A phrase as Markdown: what is of a spec stands as code, so that it has no meaning of its own."""
    return "".join(code(piece.text) if isinstance(piece, Code) else piece.replace(" -> ", " → ") for piece in phrase)
