"""Every setting of a `train` section as text, defaults included, each with the place it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.infer.section import setting, updates
from netspec.ir import CheckpointPlan, EvalPlan, UpdatePlan
from netspec.record import fields, is_record
from netspec.resolve.overrides import COMMAND_LINE
from netspec.resolve.sections import SETTINGS
from netspec.source import Span
from netspec.syntax import tree


def resolved(
    body: tree.Settings, values: Mapping[str, Any], trained: tuple[UpdatePlan, ...], evaluation: EvalPlan, checkpoint: CheckpointPlan
) -> tuple[dict[str, str], dict[str, str]]:
    """(texts, origins) by setting: "default", "command line" or "file:line"."""
    texts: dict[str, str] = {}
    origins: dict[str, str] = {}

    def note(key: str, item: tree.Setting | tree.Metric | None, default: str) -> None:
        texts[key] = text_of(item.value) if item is not None else default
        origins[key] = origin_of(item) if item is not None else "default"

    several = any(update.name for update in trained)
    for key in ("data", *(() if several else ("loss", "optimizer"))):
        note(key, setting(body, key), "")
    for update, plan in zip(updates(body), trained, strict=False):
        for key in SETTINGS["update"]:
            note(f"update.{plan.name}.{key}", setting(update.body, key), str(plan.every))
    for key in ("duration", "seed", "precision", "accumulate", "ema"):
        value = values.get(key)
        note(key, setting(body, key), "none" if value is None else str(value))
    for item in body.items:
        if isinstance(item, tree.Metric):
            note(f"metric {item.name}", item, "")
    own = "the dataset's test part" if evaluation.data else "none"
    for name, key, default in (("eval", "data", own), ("eval", "every", str(evaluation.every)), ("eval", "limit", "none")):
        note(f"{name}.{key}", inner_setting(body, name, key), default)
    for key, default in (("every", str(checkpoint.every)), ("keep", str(checkpoint.keep))):
        note(f"checkpoint.{key}", inner_setting(body, "checkpoint", key), default)
    return texts, origins


def text_of(value: tree.Expr) -> str:
    """A value as it is written; one that the command line changed, or that stands on several lines, is written anew."""
    text = value.span.text
    if "\n" not in text and not overridden(value):
        return text
    from netspec.syntax.printer import print_expr

    return print_expr(value)


def origin_of(item: tree.Setting | tree.Metric) -> str:
    return "command line" if overridden(item.value) else f"{item.span.source.path}:{item.span.line}"


def overridden(node: Any) -> bool:
    """A part of it comes from `--set`."""
    if isinstance(node, Span):
        return node.source.path.startswith(COMMAND_LINE)
    if isinstance(node, tuple):
        return any(map(overridden, node))
    return is_record(node) and any(overridden(getattr(node, f.name)) for f in fields(node))


def inner_setting(body: tree.Settings, group: str, key: str) -> tree.Setting | None:
    found = next((i for i in body.items if isinstance(i, tree.Group) and i.key == group), None)
    return setting(found.body, key) if found else None
