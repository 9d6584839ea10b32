"""Elaborates the optimizers of a `train` section: one for everything, or several `update NAME { }`."""

from __future__ import annotations

from typing import Any

from netspec.diagnostics.calls.arguments import MissingArgument
from netspec.diagnostics.training.settings import MissingSetting
from netspec.diagnostics.training.updates import UntrainedParameters
from netspec.infer.sections.measurements import build_update_objective
from netspec.infer.sections.optimizer_lints import warn_of_optimizer
from netspec.infer.sections.optimizers import patterns_match
from netspec.infer.sections.section import Section, find_meant, find_setting, keep_silent
from netspec.infer.sections.settings import read_count, read_optimizer, read_params
from netspec.infer.sections.settings_frame import SettingsFrame
from netspec.infer.values import Unknown
from netspec.ir import Objective, UpdatePlan
from netspec.ir.paths import parameters
from netspec.library.base import Optimizer
from netspec.shape import Dim
from netspec.syntax import tree

NEEDED = ("loss", "params", "optimizer")


def plan_updates(
    section: Section, frame: SettingsFrame, sizes: dict[str, Dim], objective: Objective | None, optimizer: Any
) -> tuple[UpdatePlan, ...] | None:
    """The section's updates in order, or None after a problem. `optimizer` is the section's own."""
    if not section.updates:
        return plan_plain_form(section, frame, objective, optimizer)
    known = tuple(parameters(section.model))
    plans = [plan_update(section, frame, sizes, update, known) for update in section.updates]
    found = [p for p in plans if p is not None]
    if len(found) < len(plans):
        return None
    warn_untrained(section, found, known)
    return tuple(found)


def plan_plain_form(section: Section, frame: SettingsFrame, objective: Objective | None, optimizer: Any) -> tuple[UpdatePlan, ...] | None:
    """`loss` and `optimizer` in the section itself: one update of all parameters."""
    item = section.setting("optimizer")
    if item is None or not isinstance(optimizer, Optimizer):
        return None
    if not patterns_match(frame, item, optimizer, lambda: parameters(section.model)) or objective is None:
        return None
    warn_of_optimizer(section, frame, item, optimizer, lambda: parameters(section.model))
    return (UpdatePlan("", objective, optimizer, None, span=item.span),)


def plan_update(
    section: Section, frame: SettingsFrame, sizes: dict[str, Dim], update: tree.Group, known: tuple[str, ...]
) -> UpdatePlan | None:
    """One update of several; None after a problem."""
    items = {key: find_setting(update.body, key) for key in (*NEEDED, "every")}
    missing = tuple(key for key in NEEDED if items[key] is None)
    if missing and not any(isinstance(i, tree.Hole) for i in update.body.items):
        section.world.report(MissingSetting(at=update.name_span, section=f"update {update.label}", names=missing))
    first, frame = update is section.updates[0], frame.inside(update.body)
    objective = build_update_objective(section, update, section.data, sizes, first) if items["loss"] else None
    paths = None if items["params"] is None else read_params(frame, items["params"], known)
    with keep_silent(section.world, lambda problem: isinstance(problem, MissingArgument), "optimizer" in find_meant(update.body, "update")):
        optimizer = None if items["optimizer"] is None else read_optimizer(frame, items["optimizer"])
    every = 1 if items["every"] is None else read_count(frame, items["every"])
    if objective is None or not isinstance(optimizer, Optimizer) or not isinstance(paths, tuple) or isinstance(every, Unknown):
        return None
    assert items["optimizer"] is not None
    if not patterns_match(frame, items["optimizer"], optimizer, lambda: paths):
        return None
    warn_of_optimizer(section, frame, items["optimizer"], optimizer, lambda: paths)
    return UpdatePlan(update.label or "", objective, optimizer, paths, every, update.span)


def warn_untrained(section: Section, plans: list[UpdatePlan], known: tuple[str, ...]) -> None:
    """Warn of parameters that stay as they are."""
    trained = {path for plan in plans for path in plan.paths or ()}
    left = tuple(path for path in known if path not in trained)
    if left:
        section.world.report(UntrainedParameters(at=section.updates[0].name_span, paths=left, count=len(known)))
