"""Makes the report that `netspec report` writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import netspec
from netspec.compile import Checked, check_readable
from netspec.report.page import Evaluated, load_plotly, write_page
from netspec.report.run_view import RunView, label_runs, read_run
from netspec.source import Source
from netspec.train.run_folder import RunFolder


def make_report(runs: Sequence[str], which: str | int, data: str | None, plugins: Sequence[str], *, evaluate: bool) -> str:
    """The page of some runs; `evaluate`: their models and data are looked at too. Raises `Mistake` for what is no run, or is damaged."""
    plotly = load_plotly()

    def prove(folder: RunFolder) -> Checked:
        recipe = folder.recipe
        asked = (*recipe.plugins, *plugins)
        source = Source(recipe.path, recipe.text)
        return check_readable(source, set=recipe.overrides, train=recipe.train, imports=recipe.imports, plugins=asked)

    views = [read_run(path, label, prove) for path, label in zip(runs, label_runs(runs), strict=True)]
    evaluated = {view.label: _evaluate(view, which, data, plugins) for view in views} if evaluate else {}
    return write_page(views, evaluated, plotly)


def _evaluate(view: RunView, which: str | int, data: str | None, plugins: Sequence[str]) -> Evaluated:
    """What one run's model and data show."""
    from netspec.report.evaluation import evaluate_run

    return evaluate_run(lambda: netspec.load(view.folder.path, which, plugins=plugins), Path(data) if data else None)
