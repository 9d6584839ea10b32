"""Runs the best checkpoint of a run once for its report: the summary of its data, and what its classifier takes for what.

A report is made of what there is: data that are no longer found, or a run without a checkpoint, are told in place of these parts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.spec_error import SpecError
from netspec.report import classifier, data_summary, outcomes
from netspec.report.markup import Html, join, tag
from netspec.report.page import Evaluated
from netspec.train.predictions.texts import Words
from netspec.train.trained_run import Loaded


def evaluate_run(load: Callable[[], Loaded], folder: Path | None) -> Evaluated:
    """The parts of one run; `folder` is where its data lie, None: where training found them."""
    try:
        run = load()
    except (Mistake, SpecError) as error:
        return Evaluated(outcomes=_explain("The run was not evaluated", error))
    folder = folder or run.folder.data
    return Evaluated(
        _try("The data were not looked at", lambda: summarize(run, folder)), _try("No mistakes are shown", lambda: judge(run, folder))
    )


def summarize(run: Loaded, folder: Path | None) -> Html:
    """The data of training, of the evaluations in it, and of the test at its end."""
    plan = run.program.plan
    assert plan is not None
    names = plan.data.dataset.class_names(run.program.learned.get(plan.data.dataset.op_name(), {}))
    counts = plan.data.class_counts
    feeds = {"training": run.program.training_feed(folder), plan.eval.part: run.program.evaluation_feed(None, folder)}
    feeds["test"] = run.program.evaluation_feed(None, folder, part="test") if plan.eval.test else feeds.get("test")
    return data_summary.summarize({part: feed for part, feed in feeds.items() if feed}, names, counts)


def judge(run: Loaded, folder: Path | None) -> Html:
    """What the model takes for what, where it is a classifier."""
    plan = run.program.plan
    use = outcomes.find_use(plan) if plan else None
    feed = run.program.evaluation_feed(None, folder) if use else None
    if use is None or feed is None:
        return Html("")
    assert plan is not None
    part = "evaluation data" if plan.eval.part == "eval" else f"{plan.eval.part} part"
    found = outcomes.measure(run.program, run.state, feed, use)
    head = tag("p", f"The checkpoint of step {run.step:,} on the {part}.", class_="note")
    words = Words(plan.eval.data or plan.data, run.program.learned)
    return join(head, classifier.draw_outcomes(found, outcomes.name_classes(run.program, use), use.field, words))


def _try(what: str, make: Callable[[], Html]) -> Html:
    """A part of the page, or why there is none."""
    try:
        return make()
    except (Mistake, SpecError) as error:
        return _explain(what, error)


def _explain(what: str, error: Mistake | SpecError) -> Html:
    """What stands in place of a part."""
    found = [error.diagnostic] if isinstance(error, Mistake) else error.diagnostics
    return tag("p", f"{what}: {' '.join(problem.message() for problem in found)}", class_="problem")
