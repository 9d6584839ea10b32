"""Writes what was measured of a step, the learning rate and the lengths of gradients, for lines of metrics: for JSON and for people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netspec.lazy import np

if TYPE_CHECKING:
    from netspec.lower.step_gauge import Reading
    from netspec.train.metrics_log import Record

FIELDS = ("learning_rate", "gradient_norm", "skipped_steps", "loss_scale", "watched")
"""Fields of a line of training that one of an evaluation has not, and that are left out where nothing is known."""


def fields_of(reading: Reading) -> dict[str, Any]:
    """The fields of a line: a number where there is one alone, else an object by update and group."""
    watched = {path: {"gradient_norm": _finite(g), "update_norm": _finite(u)} for path, (g, u) in reading.watched.items()}
    found = {
        "learning_rate": _alone(reading.learning_rate),
        "gradient_norm": _alone(reading.gradient_norm),
        "skipped_steps": reading.skipped,
        "loss_scale": reading.loss_scale,
        "watched": watched or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _alone(numbers: Mapping[str, float]) -> Any:
    """One number, or several by name; None for none."""
    found = {name: _finite(x) for name, x in numbers.items()}
    return next(iter(found.values())) if len(found) == 1 else found or None


def _finite(number: float) -> float | None:
    """The shortest number that is the same f32, None for what is none."""
    return float(str(np.float32(number))) if math.isfinite(number) else None


def blank_unmeasured(values: dict[str, Any], fields: Mapping[str, Any], step: int, before: Sequence[Record]) -> dict[str, Any]:
    """The values of a line of training; NaN where every step since the line before it was left out, so that nothing was measured."""
    last = next((r for r in reversed(before) if r.split == "train"), None)
    left_out = fields.get("skipped_steps", 0) - (last.measured.get("skipped_steps", 0) if last else 0)
    return dict.fromkeys(values, math.nan) if left_out and left_out == step - (last.step if last else 0) else values


def words(fields: Mapping[str, Any]) -> str:
    """`rate 0.001  gradient 0.6123`, and what else a person wants to see of it."""
    named = (("rate", fields.get("learning_rate"), ".4g"), ("gradient", fields.get("gradient_norm"), ".4g"))
    shown = [_word(name, value, form) for name, value, form in named if value is not None]
    if fields.get("skipped_steps"):
        shown.append(f"skipped {fields['skipped_steps']:,}")
    if "loss_scale" in fields:
        shown.append(f"scale {fields['loss_scale']:g}")
    return "  ".join(shown)


def _word(name: str, value: Any, form: str) -> str:
    """A name and its number, or several."""
    if not isinstance(value, Mapping):
        return f"{name} {value:{form}}"
    return "  ".join(f"{key} {name} {one:{form}}" for key, one in value.items() if one is not None)


def list_watched(fields: Mapping[str, Any]) -> list[str]:
    """A line for each watched parameter: how long its gradient and its update were."""
    watched: Mapping[str, Any] = fields.get("watched") or {}
    width = max(map(len, watched), default=0)
    return [f"  {path:<{width}}  gradient {_number(x['gradient_norm'])}  update {_number(x['update_norm'])}" for path, x in watched.items()]


def _number(value: float | None) -> str:
    return "no number" if value is None else f"{value:.4g}"
