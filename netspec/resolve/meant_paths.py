"""Finds the path that `--set` was meant to have, where it names nothing: another library's word, a setting without `train.`, a slip."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.diagnostics.suggestions.setting_words import find_meaning
from netspec.resolve.foreign_settings import groups
from netspec.resolve.foreign_settings.optimizers import place_in_optimizer
from netspec.resolve.foreign_settings.strangers import OF_OPTIMIZER
from netspec.resolve.foreign_settings.values import find_meant_value, write_value
from netspec.resolve.setting_names import GROUPS, SETTINGS
from netspec.syntax import tree

Reach = Callable[[str, tree.Expr], object]
"""Puts a value at a path; raises `Mistake` where there is none."""


def find_meant(path: str, value: tree.Expr, text: str, known: list[str], arguments: dict[str, list[str]], reach: Reach) -> tuple[str, ...]:
    """The path and the value that say it, `train.optimizer.learning_rate` and `3e-4`; () where nothing tells it.

    `known` are the params' names, `arguments` the names of the arguments in each setting of `train`.
    """
    for meant, written in list_candidates(path, value, text, known, arguments):
        try:
            reach(meant, value)
        except Mistake:
            continue
        return meant, written
    return ()


def list_candidates(path: str, value: tree.Expr, text: str, known: list[str], arguments: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Paths with the values that stand there, the likeliest first."""
    parts = path.split(".")
    last = parts[-1]
    yield from ((name, text) for name in nearest(path, known))
    if "." not in path or parts[0] not in ("train", *SETTINGS["train"]):
        yield from ((name, text) for name in known if name.rpartition(".")[2] == last)
    if parts[0][:1].isupper():  # a param of a model or block
        return
    meaning, _ = find_meaning(last)
    yield from of_meaning(meaning, value, text)
    yield from of_section(last, value)
    setting = next((part for part in parts if part in arguments), "")
    for name in [setting] if setting else arguments:
        plain = name == "data" and not (setting or "train" in parts)  # `width` is no size of a batch
        for argument in nearest(last, arguments[name], aliases={}) if plain else nearest(last, arguments[name]):
            yield f"train.{name}.{argument}", text
    inner = [f"{group}.{key}" for group in GROUPS["train"] for key in SETTINGS[group]]
    for name in nearest(last, SETTINGS["train"]):
        yield f"train.{name}", fit_value(name, value, text)
    for name in nearest(".".join(parts[-2:]), inner):
        yield f"train.{name}", fit_value(name.rpartition(".")[2], value, text)
    yield from ((name, text) for name in known if name.rpartition(".")[2] == last)


def of_meaning(meaning: str, value: tree.Expr, text: str) -> Iterator[tuple[str, str]]:
    """The path of what another library's word means."""
    if meaning in ("epochs", "steps"):
        yield "train.duration", write_value(value, "duration", meaning) or text
    elif meaning == "batch":
        yield "train.data.batch.size", text
    elif meaning in OF_OPTIMIZER:
        yield f"train.optimizer.{'learning_rate' if meaning == 'schedule' and isinstance(value, tree.Call) else meaning}", text
    elif meaning in groups.KEYS:
        group, key = groups.KEYS[meaning]
        yield f"train.{group}.{key}", fit_value(key, value, text)
    elif meaning in SETTINGS["train"]:
        yield f"train.{meaning}", fit_value(meaning, value, text)


def of_section(key: str, value: tree.Expr) -> Iterator[tuple[str, str]]:
    """The line of a section inside of `train` that is set as a whole: `train.checkpoint=true`."""
    if key in GROUPS["train"]:
        lines = groups.read_lines(tree.Settings(()), key, key, tree.Setting(key, value))
        for name, written in (lines or {}).items():
            yield f"train.{key}.{name}", written


def find_whole(path: str, value: tree.Expr, optimizer: tree.Setting | None) -> tuple[str, ...]:
    """The path and the value that set the whole optimizer, where the path's end is no argument of it: clipping, a decay."""
    last = path.rpartition(".")[2]
    meaning, _ = find_meaning(last)
    if meaning not in OF_OPTIMIZER or optimizer is None:
        return ()
    forms = place_in_optimizer(optimizer, [(meaning, tree.Setting(last, value, span=value.span, name_span=value.span))])
    return ("train.optimizer", forms[0][0].removeprefix("optimizer = ")) if forms else ()


def fit_value(key: str, value: tree.Expr, text: str) -> str:
    """A value as its setting takes it."""
    if key in ("duration", "every") and isinstance(value, tree.Duration):
        return text
    if key in ("duration", "every", "precision"):
        return find_meant_value(tree.Setting(key, value)) or text
    return text
