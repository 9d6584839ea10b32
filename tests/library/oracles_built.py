"""What layers mean that the compiler builds of other ops, in plain NumPy: recurrences over time and rounds of messages."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.library import oracles_linear, oracles_recurrent

Weights = Mapping[str, np.ndarray]


def below(weights: Weights, part: str) -> dict[str, np.ndarray]:
    """The parameters under a name."""
    return {key.removeprefix(f"{part}/"): w for key, w in weights.items() if key.startswith(f"{part}/")}


def one_way(op: Any, w: Weights, x: np.ndarray, reverse: bool) -> tuple[np.ndarray, np.ndarray]:
    """(the outputs in the input's order, the last h) of a cell over time, from zeros."""
    name = op.op_name()
    step = getattr(oracles_recurrent, name if name.endswith("_cell") else f"{name}_cell")
    features = next(k.shape[-1] for key, k in w.items() if key.endswith("kernel"))
    names = [n for n, p in inspect.signature(step).parameters.items() if p.kind is p.KEYWORD_ONLY]
    carry = {n: np.zeros((x.shape[0], features)) for n in names}
    outputs = np.zeros((*x.shape[:2], features))
    for t in reversed(range(x.shape[1])) if reverse else range(x.shape[1]):
        outputs[:, t], *new = step(op, w, x[:, t], **carry)
        carry = dict(zip(names, new, strict=True))
    return outputs, carry["h"]


def stacked(op: Any, w: Weights, x: np.ndarray, layer: Any) -> Any:
    """Layer upon layer, the results of the last one."""
    if op.layers == 1:
        return layer(w, x)
    found: Any = (x,)
    for i in range(op.layers):
        found = layer(below(w, f"layer_{i}"), found[0])
    return found


def recurrence(op: Any, w: Weights, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    cell = getattr(op, "cell", op)
    y, h = stacked(op, w, inputs["x"], lambda w, x: one_way(cell, w, x, op.reverse))
    return {"y": y, "h": h} if op.return_state else {"y": y}


def bidirectional(op: Any, w: Weights, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    merge = {
        "concat": lambda a, b: np.concatenate([a, b], -1),
        "sum": lambda a, b: a + b,
        "mean": lambda a, b: (a + b) / 2,
        "mul": lambda a, b: a * b,
    }[op.merge]

    def both(w: Weights, x: np.ndarray) -> tuple[np.ndarray]:
        forward, _ = one_way(op.cell, below(w, "forward"), x, False)
        backward, _ = one_way(op.backward or op.cell, below(w, "backward"), x, True)
        return (merge(forward, backward),)

    return {"y": stacked(op, w, inputs["x"], both)[0]}


def message_passing(op: Any, w: Weights, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Edge by edge: a message of both ends and the edge's own features; node by node: what the messages come to, beside the node."""
    nodes = inputs["nodes"]
    if nodes.ndim == 2:
        batched = {name: x[None] for name, x in inputs.items()}
        return {"y": message_passing(op, w, batched)["y"][0]}
    rows = []
    for b, own in enumerate(nodes):
        there = inputs["node_mask"][b] if "node_mask" in inputs else np.ones(len(own), bool)
        counts = inputs["edge_mask"][b] if "edge_mask" in inputs else np.ones(inputs["senders"].shape[1], bool)
        arriving: list[list[np.ndarray]] = [[] for _ in own]
        for e, (s, r) in enumerate(zip(inputs["senders"][b], inputs["receivers"][b], strict=True)):
            if not (counts[e] and there[s] and there[r]):
                continue
            known = [own[s], own[r], *([inputs["edges"][b, e]] if "edges" in inputs else [])]
            arriving[r].append(oracles_linear.dense(op.edge, below(w, "edge"), np.concatenate(known)[None])[0])
        how = {"sum": np.sum, "mean": np.mean, "max": np.max}[op.how]
        nothing = np.zeros(op.edge.features)
        told = np.stack([how(np.stack(m), axis=0) if m else nothing for m in arriving])
        known = np.where(there[:, None], np.concatenate([own, told], -1), 0)  # what masked nodes become means nothing
        rows.append(oracles_linear.dense(op.node, below(w, "node"), known))
    return {"y": np.stack(rows)}


ORACLES = {
    "rnn": recurrence,
    "lstm": recurrence,
    "gru": recurrence,
    "bidirectional": bidirectional,
    "message_passing": message_passing,
}
