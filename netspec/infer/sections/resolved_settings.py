"""Writes every param and setting of a `train` section as text, defaults included, each with the place it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netspec.infer.sections.section import Section, find_setting, find_updates
from netspec.infer.values import Value, describe_short, is_number
from netspec.ir import CheckpointPlan, EvalPlan, StopPlan, UpdatePlan
from netspec.record import fields, is_record
from netspec.resolve.setting_names import SETTINGS
from netspec.source import COMMAND_LINE, Span
from netspec.syntax import tree


def resolve_settings(
    section: Section,
    values: Mapping[str, Any],
    trained: tuple[UpdatePlan, ...],
    evaluation: EvalPlan,
    checkpoint: CheckpointPlan,
    stop: StopPlan | None,
) -> tuple[dict[str, str], dict[str, str]]:
    """(texts, origins) by setting: "default", "command line" or "file:line"."""
    texts: dict[str, str] = {}
    origins: dict[str, str] = {}
    body = section.node.body
    for name, written, value in list_params(section):
        texts[f"param {name}"] = "none" if written is None else write_param(written, value)
        origins[f"param {name}"] = "default" if written is None else find_origin(written, written.span)

    def note(key: str, item: tree.Setting | tree.Metric | None, default: str) -> None:
        texts[key] = write_value(item.value) if item is not None else default
        origins[key] = find_origin(item.value, item.span) if item is not None else "default"

    several = any(update.name for update in trained)
    for key in ("data", *(() if several else ("loss", "optimizer"))):
        note(key, find_setting(body, key), "")
    for update, plan in zip(find_updates(body), trained, strict=False):
        for key in SETTINGS["update"]:
            note(f"update.{plan.name}.{key}", find_setting(update.body, key), str(plan.every))
    for key in ("duration", "seed", "precision", "lowering", "accumulate", "ema", "weights", "on_nonfinite", "workers", "best"):
        value = values.get(key)
        note(key, find_setting(body, key), "none" if value is None else str(value))
    for item in body.items:
        if isinstance(item, tree.Metric):
            note(f"metric {item.name}", item, "")
    own = f"the {evaluation.part} part" if evaluation.data else "none"
    for name, key, default in (
        ("eval", "data", own),
        ("eval", "every", str(evaluation.every)),
        ("eval", "limit", "none"),
        ("eval", "weights", evaluation.objective.weights or "none"),
    ):
        note(f"{name}.{key}", find_inner_setting(body, name, key), default)
    kept = {} if checkpoint.keep_every is None else {"keep_every": checkpoint.keep_every}
    for key, default in {"every": checkpoint.every, "keep": checkpoint.keep, **kept}.items():
        note(f"checkpoint.{key}", find_inner_setting(body, "checkpoint", key), str(default))
    for key, value in () if stop is None else (("metric", stop.goal), ("patience", stop.patience), ("min_delta", stop.min_delta)):
        note(f"stop.{key}", find_inner_setting(body, "stop", key), f"{value:g}" if isinstance(value, float) else str(value))
    return texts, origins


def list_params(section: Section) -> Iterator[tuple[str, tree.Expr | None, Value]]:
    """The params of the file and of the trained model by the names that `--set` has for them: what is written for each, and its value."""
    graph, node = section.world.graph, section.node
    for name, param in graph.params.items():
        yield name, param.default, section.world.globals.get(id(param))
    own = graph.definitions[node.model].params
    given = {arg.name or own[place].name: arg.value for place, arg in enumerate(node.args)}
    for param in own:
        name = f"{node.model}.{param.name}" if param.name in graph.params else param.name
        yield name, given.get(param.name, param.default), section.model.arguments.get(param.name)


def write_param(written: tree.Expr, value: Value) -> str:
    """A param's value: of a formula its number, else what is written."""
    return describe_short(value) if isinstance(written, tree.Binary | tree.Name) and is_number(value) else write_value(written)


def write_value(value: tree.Expr) -> str:
    """A value as it is written; one that the command line changed, or that stands on several lines, is written anew."""
    text = value.span.text
    if "\n" not in text and not is_overridden(value):
        return text
    from netspec.syntax.printer import print_expr

    return print_expr(value)


def find_origin(value: tree.Expr, span: Span) -> str:
    return "command line" if is_overridden(value) else f"{span.source.path}:{span.line}"


def is_overridden(node: Any) -> bool:
    """A part of it comes from `--set`."""
    if isinstance(node, Span):
        return node.source.path.startswith(COMMAND_LINE)
    if isinstance(node, tuple):
        return any(map(is_overridden, node))
    return is_record(node) and any(is_overridden(getattr(node, f.name)) for f in fields(node))


def find_inner_setting(body: tree.Settings, group: str, key: str) -> tree.Setting | None:
    """The setting of a group: `every` of `checkpoint`."""
    found = next((i for i in body.items if isinstance(i, tree.Group) and i.key == group), None)
    return find_setting(found.body, key) if found else None
