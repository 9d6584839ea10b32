"""Warns, when training begins, of schedules that do not fit in the training, which only the data show."""

from __future__ import annotations

from netspec.infer.sections.schedules import judge_schedules
from netspec.ir import TrainPlan
from netspec.train.progress import Reporter


def warn(plan: TrainPlan, steps_per_epoch: int | None, tell: Reporter) -> None:
    """One note with every schedule whose lengths do not fit; nothing where all do."""
    problems = judge_schedules(plan, steps_per_epoch)
    if problems:
        from netspec.diagnostics.drawing.text import render_text  # few trainings need it

        tell.note(render_text(problems))
