"""What tells runs apart: settings with other values, and the lines of their specs."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from netspec.report.markup import Html, fold, join, note, table, tag
from netspec.report.run_view import RunView


def compare(views: Sequence[RunView]) -> Html:
    """The settings that differ, one column for each run, and of each further run the lines of its spec that differ from the first's."""
    settings = compare_settings(views)
    texts = [_compare_texts(views[0], view) for view in views[1:]]
    if not settings and not any(texts):
        return note("The runs have the same spec and the same settings.")
    return join(settings, *texts)


def compare_settings(views: Sequence[RunView]) -> Html:
    """A table of the settings, and of the params of the command line, that are not the same in all runs."""
    known = [{**view.settings, **{f"--set {k}": v for k, v in view.unresolved.items()}} for view in views]
    names = dict.fromkeys(name for settings in known for name in settings)
    rows = [(name, *(settings.get(name, "") for settings in known)) for name in names if len({s.get(name) for s in known}) > 1]
    return table(("setting", *(view.label for view in views)), rows, words=len(views) + 1)


def _compare_texts(first: RunView, other: RunView) -> Html | None:
    """The lines that differ, with three around them; None where none does."""
    mine, theirs = _texts(first), _texts(other)
    blocks = []
    for name in sorted({*mine, *theirs}):
        lines = list(difflib.unified_diff(mine.get(name, "").splitlines(), theirs.get(name, "").splitlines(), lineterm=""))[2:]
        if lines:
            blocks.append(join(tag("p", tag("code", name)), tag("pre", *map(_line, lines), class_="diff")))
    return fold(f"spec: {first.label} and {other.label}", *blocks, open=True) if blocks else None


def _texts(view: RunView) -> dict[str, str]:
    """The spec and what it imports, by name."""
    return {"spec": view.folder.recipe.text, **view.folder.recipe.imports}


def _line(line: str) -> Html:
    """A line of a comparison, coloured by its sign."""
    kind = {"+": "new", "-": "old", "@": "place"}.get(line[:1])
    return tag("span", f"{line}\n", class_=kind)
