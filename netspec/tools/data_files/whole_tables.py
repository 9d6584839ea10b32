"""Looks at tables as a whole: what they hold, and which of the small specs is for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from netspec.limits import LIMITS
from netspec.tools.data_files.look import Look, Wish, align, count
from netspec.tools.data_files.series import find_series, make_forecaster
from netspec.tools.data_files.tables import find_roles, make_starter, read, warnings


def look(paths: Sequence[Path], tests: Sequence[Path], wish: Wish) -> Look:
    """What tables hold. Raises `Mistake`."""
    table = read(paths)
    test = read(tests) if tests else None
    roles = find_roles(table, wish.label)
    name = paths[0].name if len(paths) == 1 else f"{len(paths)} tables"
    of = "" if table.whole else f" (the first {LIMITS.described_lines:,} lines)"
    title = f"{name}: {count(table.lines, 'line')}, {count(len(table.columns), 'column')}{of}"
    lines = align([column.row() for column in table.columns.values()])
    files = (paths[0].name, tests[0].name if tests else "")
    horizon, notes = find_series(table, roles, wish.horizon)
    starter = make_forecaster(*files, table, roles, horizon) if horizon else make_starter(*files, table, roles)
    return Look(title, tuple(lines), (*warnings(table, roles, test), *notes), starter, roles.label.name)
