"""Finds loggers by name: netspec's own, and those of installed packages, by entry points of the group `netspec.loggers`.

The value of an entry point is a class, or a function, without arguments that gives a `Logger`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.diagnostics.running.loggers import LoggerBroken, LoggerMissing
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.limits import LIMITS
from netspec.record import record
from netspec.train.loggers.protocol import Logger

GROUP = "netspec.loggers"


@record
class Own:
    """A logger of netspec's: its class, and what it needs."""

    place: str
    package: str
    extra: str
    module: str


OWN: Mapping[str, Own] = {
    "tensorboard": Own("netspec.train.loggers.event_files:TensorBoard", "tensorboardX", "tensorboard", "tensorboardX"),
    "wandb": Own("netspec.train.loggers.wandb_run:WandB", "wandb", "wandb", "wandb"),
    "mlflow": Own("netspec.train.loggers.mlflow_run:MLflow", "mlflow", "mlflow", "mlflow"),
}
METHODS = ("begin", "record", "end")


def name_loggers(given: Sequence[str | Logger], out: object) -> dict[str, Logger]:
    """Loggers as `fit` takes them, by name or as objects. Raises `Mistake` as `find_loggers` does, ValueError for a name without a run
    folder, TypeError for what is neither."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise TypeError(f'`log` is a list of loggers, as `log=["tensorboard"]`, and not {given!r}')
    names = [item for item in given if isinstance(item, str)]
    if names and out is None:
        raise ValueError(f"the logger `{names[0]}` writes into a run folder: give one, `out=`")
    own = [item for item in given if not isinstance(item, str)]
    for item in own:
        if lacking := find_lacking(item):
            raise TypeError(f"a logger has the methods `begin`, `record` and `end`, and {type(item).__name__} has no `{lacking[0]}`")
    return {**find_loggers(names), **{f"{type(item).__name__} {number}": item for number, item in enumerate(own, 1)}}


def find_lacking(made: object) -> list[str]:
    """The methods of a logger that something has not."""
    return [name for name in METHODS if not callable(getattr(made, name, None))]


def find_loggers(names: Sequence[str]) -> dict[str, Logger]:
    """A new logger for each name. Raises `Mistake` where there is none of that name, or its package is missing or broken."""
    return {name: _make(name) for name in dict.fromkeys(names)}


def _make(name: str) -> Logger:
    """A logger by its name."""
    if name in OWN:
        return _make_own(name, OWN[name])
    points = {point.name: point for point in entry_points(group=GROUP)}
    if name not in points:
        known = sorted({*OWN, *points})
        raise Mistake(LoggerMissing(logger=name, near=tuple(nearest(name, known, aliases={})), options=tuple(known)))
    return _make_foreign(points[name])


def _make_own(name: str, own: Own) -> Logger:
    """A logger of netspec's. Raises `Mistake` with the extra that is missing."""
    if find_spec(own.module) is None:
        raise Mistake(PackageNeeded(op=f"--log {name}", package=own.package, extra=own.extra))
    module, _, cls = own.place.partition(":")
    return getattr(importlib.import_module(module), cls)()


def _make_foreign(point: EntryPoint) -> Logger:
    """A logger of another package. Raises `Mistake` where that does not give one."""
    package = point.dist.name if point.dist is not None else point.value
    try:
        made = point.load()()
    except Exception as error:
        reason = explain(error)
    else:
        lacking = find_lacking(made)
        if not lacking:
            return made
        reason = f"what it gives has no method `{lacking[0]}`"
    raise Mistake(LoggerBroken(logger=point.name, package=package, reason=reason))


def explain(error: BaseException) -> str:
    """An error on one line, cut where it is too long."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[: LIMITS.plugin_error_characters].removesuffix(": ")
