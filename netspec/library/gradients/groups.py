"""Finds which parameter is in which group, and makes a transformation for each group."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.groups import GroupsOverlap, ParametersWithoutGroup
from netspec.library.base import Leaf, Transformation
from netspec.library.base.path_patterns import select
from netspec.library.gradients.partition import Build, partition

ELSE = "else"
"""The group of all parameters that no pattern matches."""


def members(patterns: Collection[str], paths: Collection[str]) -> dict[str, str]:
    """Each parameter's group, by its path. Raises `Mistake` for a pattern without parameters, for one in two groups or in none."""
    found: dict[str, list[str]] = {path: [] for path in paths}
    for pattern in patterns:
        for path in select(pattern, paths, blame="groups") if pattern != ELSE else ():
            found[path].append(pattern)
    twice = {path: tuple(own) for path, own in found.items() if len(own) > 1}
    if twice:
        raise Mistake(GroupsOverlap(paths=twice, blame="groups"))
    left = tuple(path for path, own in found.items() if not own)
    if left and ELSE not in patterns:
        raise Mistake(ParametersWithoutGroup(paths=left, count=len(found), blame="groups"))
    return {path: own[0] if own else ELSE for path, own in found.items()}


def groups(builds: Mapping[str, Build], leaves: Mapping[str, Leaf]) -> Transformation:
    """Every parameter moved by the transformation of its group."""
    labels = members(builds.keys(), [path for leaf in leaves.values() for path in leaf.paths])
    used = {name: build for name, build in builds.items() if name in labels.values()}
    names = {name: f"{number}_{name.replace('/', '.')}" for number, name in enumerate(used)}
    return partition({names[n]: b for n, b in used.items()}, lambda params: {path: names[n] for path, n in labels.items()}, leaves)
