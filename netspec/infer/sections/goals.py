"""Elaborates what chooses among the states of a training: `best = max(accuracy)` and `stop { metric = accuracy; patience = 5 }`."""

from __future__ import annotations

from netspec.diagnostics.training.goals import JudgedByTest, NothingJudged, UnknownDirection, UnknownMetric
from netspec.diagnostics.training.metrics import MetricOfSeveral
from netspec.infer import expressions
from netspec.infer.frame import Frame
from netspec.infer.sections.section import Section, find_setting
from netspec.infer.sections.settings import read_count, report_bad
from netspec.infer.values import UNKNOWN, Unknown, to_plain
from netspec.ir import EvalPlan, Goal, Objective, StopPlan
from netspec.syntax import tree

PATIENCE = 5
"""Evaluations without a better one after which a training ends, where `stop` does not say how many."""
EXPECTED = "a metric such as `accuracy`, `max(accuracy)` or `min(loss)`"
WORDS = ("max", "min")


def plan_best(section: Section, frame: Frame, evaluation: EvalPlan) -> Goal | Unknown:
    """By what the best checkpoint is chosen."""
    item = section.setting("best")
    if item is None:
        return Goal()
    if evaluation.data is None:
        return frame.report(NothingJudged(at=item.name_span, setting="best"))
    warn_of_test(frame, item, evaluation)
    return read_goal(frame, item, evaluation.objective)


def plan_stop(section: Section, frame: Frame, evaluation: EvalPlan, best: Goal | Unknown) -> StopPlan | Unknown | None:
    """When the training ends early; None: never. Without a metric of its own it goes by that of the best checkpoint."""
    group = section.group("stop")
    if group is None:
        return None
    if evaluation.data is None:
        return frame.report(NothingJudged(at=group.name_span, setting="stop"))
    warn_of_test(frame, group, evaluation)
    metric, patience, delta = (find_setting(group.body, key) for key in ("metric", "patience", "min_delta"))
    goal = best if metric is None else read_goal(frame, metric, evaluation.objective)
    count = PATIENCE if patience is None else read_count(frame, patience)
    least = 0.0 if delta is None else read_delta(frame, delta)
    if isinstance(goal, Unknown) or isinstance(count, Unknown) or isinstance(least, Unknown):
        return UNKNOWN
    return StopPlan(goal, count, least)


def warn_of_test(frame: Frame, item: tree.Setting | tree.Group, evaluation: EvalPlan) -> None:
    """Warn of a choice that is made by the test part."""
    if evaluation.part == "test":
        frame.report(JudgedByTest(at=item.name_span, setting=item.key))


def read_goal(frame: Frame, item: tree.Setting, objective: Objective) -> Goal | Unknown:
    """`accuracy`, whose metric says which way is better, or `max(accuracy)`, `min(loss)`."""
    node, word = item.value, ""
    if isinstance(node, tree.Call) and node.callee.text in WORDS and len(node.args) == 1 and node.args[0].name is None:
        node, word = node.args[0].value, node.callee.text
    if not isinstance(node, tree.Name):
        return report_bad(frame, item, None, EXPECTED)
    wires = {port.name: port.wire for port in objective.finish.outputs}
    if node.text not in wires:
        return frame.report(UnknownMetric(at=node.span, name=node.text, metrics=tuple(wires)))
    kind = objective.finish.types[wires[node.text]]  # type: ignore[index]
    if kind.rank:
        return frame.report(MetricOfSeveral(at=node.span, what=f"what `{item.key}` goes by", type=kind))
    better = {"max": "higher", "min": "lower"}.get(word) or find_better(objective, node.text)
    if not better:
        return frame.report(UnknownDirection(at=item.value.span, metric=node.text))
    return Goal(node.text, better == "higher")


def find_better(objective: Objective, name: str) -> str:
    """Which values of a metric are the better ones, by its op; "" for a formula. What training makes small is better when it is low."""
    if name == "loss" or name.endswith(".loss"):
        return "lower"
    wire = next(port.wire for port in objective.finish.outputs if port.name == name)
    return next((m.op.better for m in objective.measurements if m.output == wire), "")


def read_delta(frame: Frame, item: tree.Setting) -> float | Unknown:
    """`min_delta = 0.001`."""
    value = to_plain(expressions.evaluate(frame, item.value))
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return float(value)
    return report_bad(frame, item, value, "a number of 0 or more such as `0.001`")
