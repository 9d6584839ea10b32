"""Takes a fingerprint of what a spec means: the SHA-256 of its typed form, without places, texts and the names that only texts use. Floor
2.

Two files have the same hash when they compile to the same programs: a spec and its JSON twin, a spec before and after `fmt`. Names that
can be seen from outside (models, inputs, outputs, the paths of parameters) count; those of values inside a model do not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from netspec.ir.nodes import Body
from netspec.ir.plans import Goal, Nonfinite, Objective, TrainPlan, Typed
from netspec.library.base import Duration, Op
from netspec.record import replace
from netspec.shape import Dim, TensorType

_ATOMS = (type(None), bool, int, float, str, Dim, TensorType)
_SILENT = {"span", "path", "names", "arguments", "settings", "origins", "facts", "layer_name", "class_counts", "unproved"}
"""Fields of the IR that say where something stands or how the spec puts it; what arguments and settings do is in the nodes and plans. Ops
have arguments of the same names (`rename(names)`), and all of those count."""
_LATER = {
    "lowering": "automatic",
    "weights": "",
    "weight": None,
    "normalize": False,
    "kept": False,
    "average": None,
    "varying": (),
    "on_nonfinite": Nonfinite(),
    "keep_every": None,
    "begins": None,
    "borrowed": False,
}
"""Fields that came to be after files had a hash: where they are what they were before, they say nothing, and the hash stays."""

_LATER_OF_OPS = {"names": {}}
"""The same of arguments of ops, whatever op has them."""
_SILENT_IN = {"DataPlan": {"classes"}, "EvalPlan": {"part", "automatic"}, "CheckpointPlan": {"automatic"}, "TrainPlan": {"workers"}}
"""Fields of plans that follow from others, or change no bit of a training."""
_LATER_IN = {"DataPlan": {"part": ""}, "EvalPlan": {"test": None}, "TrainPlan": {"best": Goal(), "stop": None}}
"""Of plans, what `_LATER` is of everything: ops have arguments of the same names."""


def ir_hash(typed: Typed) -> str:
    """64 hex digits."""
    import hashlib  # 5 ms that `check` need not pay

    return hashlib.sha256("\n".join([*_Walk().lines(typed), *_asked_of_sizes(typed)]).encode()).hexdigest()


def _asked_of_sizes(typed: Typed) -> Iterator[str]:
    """What each model asks of its free sizes, which its programs hold their arrays to. It is no part of how a training computes, so of no
    other hash."""
    bodies = [*sorted(typed.models.items()), *((f"train {plan.name}", plan.model) for plan in typed.trains)]
    yield from (f"{name}: {fact}" for name, body in bodies for fact in body.facts.known())


def part_hash(part: Body | Objective) -> str:
    """64 hex digits for a part of what a file means."""
    import hashlib

    return hashlib.sha256("\n".join(_Walk().lines(part)).encode()).hexdigest()


def plan_hash(plan: TrainPlan) -> str:
    """64 hex digits for what one training is, whatever its length: two with the same hash differ at most in how long they go on."""
    import hashlib

    same = replace(plan, duration=Duration(1, "epoch"))
    return hashlib.sha256("\n".join(_Walk().lines(same)).encode()).hexdigest()


def means_same(one: Any, other: Any) -> bool:
    """Two plans, bodies or ops mean the same, wherever they stand and however the spec puts them."""
    return list(_Walk().lines(one)) == list(_Walk().lines(other))


class _Walk:
    """Writes values line by line; a body that is instantiated again is written as its number."""

    def __init__(self) -> None:
        self.bodies: dict[int, int] = {}

    def lines(self, value: Any) -> Iterator[str]:
        """The lines that stand for a value; equal values have equal lines, and no two different ones do."""
        if isinstance(value, _ATOMS):
            yield f"{type(value).__name__} {value!r}" if not isinstance(value, Dim | TensorType) else str(value)
        elif isinstance(value, Body) and id(value) in self.bodies:
            yield f"body {self.bodies[id(value)]}"
        elif isinstance(value, tuple | list):
            yield from self.group("list", ((str(i), v) for i, v in enumerate(value)))
        elif isinstance(value, Mapping):
            yield from self.group("map", sorted(((str(k), v) for k, v in value.items()), key=lambda pair: pair[0]))
        else:
            if isinstance(value, Body):
                self.bodies[id(value)] = len(self.bodies)
            yield from self.group(_kind(value), _fields(value))

    def group(self, name: str, parts: Iterable[tuple[str, Any]]) -> Iterator[str]:
        """A value of several named parts, in brackets."""
        yield f"{name} ("
        for key, value in parts:
            yield key
            yield from self.lines(value)
        yield ")"


def _kind(value: Any) -> str:
    """What a record or an op is: a plugin's op is not the one of netspec's, or of another plugin, that has the same name."""
    plugin = value.namespace if isinstance(value, Op) else ""
    return f"{plugin}.{type(value).__name__}" if plugin else type(value).__name__


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a record or an op. Raises TypeError for anything else: it would be hashed by its address."""
    kind = type(value).__name__
    names = value.arguments() if isinstance(value, Op) else [f.name for f in dataclasses.fields(value)]
    silent = set() if isinstance(value, Op) else _SILENT | _SILENT_IN.get(kind, set())
    found = ((name, getattr(value, name)) for name in names if name not in silent)
    own = _later_arguments(value) if isinstance(value, Op) else _LATER_IN.get(kind, {})
    later = _LATER | own
    return ((name, part) for name, part in found if name not in later or part != later[name])


def _later_arguments(op: Op) -> dict[str, Any]:
    """Arguments that an op has got since files had a hash, with what they are where they say nothing."""
    return _LATER_OF_OPS | {name: op.arguments()[name].default for name in op.later_arguments}
