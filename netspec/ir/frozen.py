"""Finds what a training leaves as it is: the parameters that no optimizer trains, and the buffers of layers that are frozen."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from netspec.ir.nodes import Apply, Body, Variable
from netspec.ir.paths import buffers_of, parameters, uses
from netspec.ir.plans import TrainPlan, UpdatePlan


def list_frozen(plan: TrainPlan) -> list[str]:
    """The paths of all parameters and buffers of the model that stay, in order."""
    params, buffers = list(parameters(plan.model)), list_buffers(plan.model)
    still, stay = split_frozen(frozenset(params), buffers, plan.updates)
    return [path for path in (*params, *buffers) if path in still or path in stay]


def list_buffers(model: Body) -> list[str]:
    """Every buffer by its path."""
    found = []
    for path, use in uses(model).items():
        if isinstance(use, Variable):
            found += [path] if use.buffer else []
        elif isinstance(use[1], Apply):
            found += [f"{path}/{name}" for name in buffers_of(*use)]
    return found


def split_frozen(
    params: frozenset[str], buffers: Collection[str], updates: Iterable[UpdatePlan], foreign: Collection[str] = ()
) -> tuple[frozenset[str], set[str]]:
    """The parameters that none trains, and the buffers that stay: those that `freeze` matches, and those of layers none of whose parameters
    is trained. Of a `foreign` optimizer, one from Python, nothing is known: it trains all its parameters."""
    owners = {path: find_owners(path, params) for path in buffers}
    trained, named = set(), set()
    for update in updates:
        own = params if update.paths is None else frozenset(update.paths)
        still = set() if update.name in foreign else update.optimizer.frozen([*params, *buffers])
        trained |= own - still
        named |= {path for path in buffers if path in still and not owners[path].isdisjoint(own)}
    return params - trained, {path for path in buffers if path in named or (owners[path] and owners[path].isdisjoint(trained))}


def find_owners(path: str, params: frozenset[str]) -> frozenset[str]:
    """The parameters of the layer that a buffer belongs to: of the smallest block around it that has any."""
    while path:
        path = path.rpartition("/")[0]
        found = frozenset(name for name in params if not path or name.startswith(f"{path}/"))
        if found:
            return found
    return frozenset()
