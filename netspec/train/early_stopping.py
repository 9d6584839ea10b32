"""Remembers how evaluations went: the best one so far, and how long a training waits for a better one. It is part of a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from netspec.ir import Goal, StopPlan


@dataclass(frozen=True)
class Course:
    """The evaluations of a training, as far as they decide anything. Scores are better when they are lower."""

    best: float = math.inf
    """The lowest score by `best`; ties go to the first."""
    reached: float = math.inf
    """The score by `stop` that an evaluation must beat by more than `min_delta` to be better."""
    waited: int = 0
    """Evaluations since one was better."""
    stopped: bool = False

    def after(self, values: Mapping[str, Any], best: Goal, stop: StopPlan | None) -> Course:
        """The course behind one more evaluation. A value that is no number is never better."""
        lowest = min(self.best, _read_score(values, best))
        if stop is None:
            return replace(self, best=lowest)
        score = _read_score(values, stop.goal)
        if score < self.reached - stop.min_delta:
            return replace(self, best=lowest, reached=score, waited=0)
        return replace(self, best=lowest, waited=self.waited + 1, stopped=self.waited + 1 >= stop.patience)


def _read_score(values: Mapping[str, Any], goal: Goal) -> float:
    """The score of an evaluation; infinity where it is no number."""
    value = values[goal.metric]
    return goal.score(value) if math.isfinite(value) else math.inf


def score_of(values: Mapping[str, Any], goal: Goal) -> float | None:
    """The score by which a checkpoint is compared with others; None where it is no number."""
    score = _read_score(values, goal)
    return score if math.isfinite(score) else None


def describe_stop(stop: StopPlan, course: Course, step: int) -> str:
    """Why a training has ended early, in a line."""
    value = stop.goal.score(course.reached)
    reached = f"; the best was {value:.4g}" if math.isfinite(value) else ""
    times = "evaluation" if stop.patience == 1 else f"{stop.patience} evaluations"
    least = f" by more than {stop.min_delta:g}" if stop.min_delta else ""
    word = "higher" if stop.goal.higher else "lower"
    return f"stopped early, at step {step:,}: `{stop.goal.metric}` was not {word}{least} in {times}{reached}"
