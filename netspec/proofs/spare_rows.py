"""Holds tables of vectors against the vocabulary that a data chain states: rows of ids that never come are never trained."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.diagnostics.base import Diagnostic, Place
from netspec.ir import Apply, DataPlan, TrainPlan
from netspec.proofs.class_counts import read_number
from netspec.proofs.followed_fields import follow, name_ports

ROUNDED = 1024
"""So many rows more, or a quarter, are none too many: vocabularies are rounded up, and have room for tokens of one's own."""


def find_spare_rows(plans: Iterable[TrainPlan]) -> list[Diagnostic]:
    """The tables of models that are larger than what their data can say, each once."""
    found = []
    for plan in plans:
        known = name_ports(plan.model)
        sizes = {name: size for name in known.values() if (size := count_ids(plan, name)) is not None}
        if sizes:
            found += list_spare(plan, {wire: name for wire, name in known.items() if name in sizes}, sizes)
    return found


def list_spare(plan: TrainPlan, known: dict[int, str], sizes: dict[str, int]) -> list[Diagnostic]:
    """The problems of one training; a shared table is judged by all ids that it gets."""
    uses: dict[object, list[tuple[Apply, int, str]]] = {}
    open_ = set()
    for node, body, names in follow(plan.model.nodes, plan.model, known):
        kinds = [body.types[wire] for wire in node.inputs if isinstance(wire, int)]
        key = node.segment if node.shared else id(node)
        for port, wire in zip(node.op.name_inputs(len(kinds)), node.inputs, strict=False):
            limit = read_number(node.op.ceilings(*kinds).get(port)) if len(kinds) == len(node.inputs) else None
            if limit is not None and node.op.grows_by_ids and wire in names:
                uses.setdefault(key, []).append((node, limit, names[wire]))  # type: ignore[index]
            elif limit is not None:
                open_.add(key)
    return [problem for key, some in uses.items() if key not in open_ and (problem := judge(plan, some, sizes)) is not None]


def judge(plan: TrainPlan, uses: list[tuple[Apply, int, str]], sizes: dict[str, int]) -> Diagnostic | None:
    """The problem of one table."""
    node, rows, name = max(uses, key=lambda use: sizes[use[2]])
    ids = sizes[name]
    if rows <= ids + max(ROUNDED, ids // 4):
        return None
    from netspec.diagnostics.training.vocabularies import SpareRows  # few specs have this problem

    chain = (Place(plan.data.span, f"`{name}` has {ids:,} ids"),)
    return SpareRows(at=node.span, op=node.op.op_name(), field=name, ids=ids, rows=rows, chain=chain)


def count_ids(plan: TrainPlan, field: str) -> int | None:
    """How many ids a field has at most in training and evaluation, where the chains of both say it."""
    chains = [plan.data, *(data for data in (plan.eval.data,) if data is not None)]
    counts = [count_in(data, field) for data in chains]
    return max(count for count in counts if count is not None) if counts and counts[0] is not None else None


def count_in(data: DataPlan, field: str) -> int | None:
    """The same of one chain."""
    for transform in reversed(data.transforms):
        if field in (stated := transform.vocabularies()):
            return stated[field]
        field = transform.name_before(field)
    return data.dataset.vocabularies().get(field)
