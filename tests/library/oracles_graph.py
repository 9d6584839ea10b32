"""Oracles of layers over graphs and of experts: loops over graphs, edges and tokens, in plain NumPy; see `oracles`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

Array = Any
Weights = Mapping[str, Array]
GRAPHS: dict[str, Callable[..., Any]] = {}


def oracle(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        GRAPHS[name] = function
        return function

    return register


def graphs(nodes: Array, senders: Array, receivers: Array, named: Mapping[str, Array], loops: bool) -> Iterator[tuple]:
    """(place of the graph, its nodes, its edges as (sender, receiver, weight), which nodes are there), graph by graph."""
    for place in itertools.product(*map(range, nodes.shape[:-2])):
        x, own = nodes[place], {name: value[place] for name, value in named.items()}
        there = own.get("node_mask", np.ones(len(x), bool))
        edges = []
        for e, (s, r) in enumerate(zip(senders[place], receivers[place], strict=True)):
            if 0 <= s < len(x) and 0 <= r < len(x) and there[s] and there[r] and own.get("edge_mask", np.ones(e + 1, bool))[e]:
                edges.append((s, r, own["edge_weights"][e] if "edge_weights" in own else 1.0))
        yield place, x, edges + [(n, n, 1.0) for n in range(len(x)) if loops and there[n]], there


@oracle("graph_conv")
def graph_conv(op: Any, weights: Weights, nodes: Array, senders: Array, receivers: Array, **named: Array) -> Array:
    result = np.zeros((*nodes.shape[:-1], op.features))
    for place, x, edges, there in graphs(nodes, senders, receivers, named, op.self_loops):
        matrix = np.zeros((len(x), len(x)))
        for s, r, w in edges:
            matrix[r, s] += w
        entering, leaving = matrix.sum(1), matrix.sum(0)
        for r, s in np.ndindex(matrix.shape):
            if op.normalisation == "row":
                matrix[r, s] = matrix[r, s] / entering[r] if entering[r] > 0 else 0
            elif op.normalisation == "symmetric":
                both = entering[r] > 0 and leaving[s] > 0
                matrix[r, s] = matrix[r, s] / math.sqrt(entering[r] * leaving[s]) if both else 0
        y = matrix @ x @ weights["kernel"] + weights.get("bias", 0)
        result[place] = np.where(there[:, None], y, 0)
    return result


@oracle("graph_attention")
def graph_attention(op: Any, weights: Weights, nodes: Array, senders: Array, receivers: Array, **named: Array) -> Array:
    result = np.zeros((*nodes.shape[:-1], op.heads * op.features if op.merge == "concat" else op.features))
    features = named.pop("edges", None)
    named["edge_weights"] = np.broadcast_to(np.arange(2, senders.shape[-1] + 2), senders.shape)  # numbers of edges; loops have 1
    for place, x, edges, there in graphs(nodes, senders, receivers, named, op.self_loops):
        own = [np.zeros(op.heads) if features is None or n == 1 else features[place][n - 2] @ weights["edge"] for _, _, n in edges]
        heads = []
        for head in range(op.heads):
            h = x @ weights["kernel"][:, head]
            scores = [h[s] @ weights["source"][head] + h[r] @ weights["target"][head] for s, r, _ in edges]
            scores = [score + added[head] for score, added in zip(scores, own, strict=True)]
            powers = [math.exp(score if score >= 0 else op.slope * score) for score in scores]
            totals = np.zeros(len(x))
            for (_, r, _), power in zip(edges, powers, strict=True):
                totals[r] += power
            y = np.zeros_like(h)
            for (s, r, _), power in zip(edges, powers, strict=True):
                y[r] += power / totals[r] * h[s]
            heads.append(y)
        y = np.concatenate(heads, -1) if op.merge == "concat" else sum(heads) / op.heads
        result[place] = np.where(there[:, None], y + weights.get("bias", 0), 0)
    return result


@oracle("graph_pool")
def graph_pool(op: Any, weights: Weights, x: Array, ids: Any = None, mask: Any = None) -> Array:
    number = op.graphs or 1
    result = np.zeros((*x.shape[:-2], number, x.shape[-1]))
    for place in itertools.product(*map(range, x.shape[:-2])):
        for graph in range(number):
            rows = [row for n, row in enumerate(x[place]) if (ids is None or ids[place][n] == graph) and (mask is None or mask[place][n])]
            if rows:
                result[place][graph] = {"mean": np.mean, "sum": np.sum, "max": np.max}[op.how](rows, 0)
    return result if op.graphs else result[..., 0, :]


def chances(x: Array, weights: Weights) -> Array:
    powers = np.exp(x @ weights["router/kernel"])
    return powers / powers.sum()


def expert(op: Any, weights: Weights, number: int, x: Array) -> Array:
    def mapped(name: str, y: Array) -> Array:
        return y @ weights[f"{name}/kernel"][number] + (weights[f"{name}/bias"][number] if op.bias else 0)

    def active(y: Array) -> Array:
        return y / (1 + np.exp(-y)) if op.activation.op_name() == "silu" else np.maximum(y, 0)

    return mapped("down", active(mapped("gate", x)) * mapped("up", x) if op.gated else active(mapped("up", x)))


@oracle("moe")
def moe(op: Any, weights: Weights, x: Array, mask: Any = None) -> Array:
    """Token by token, each with its choices; the experts fill up as tokens come."""
    result = np.zeros((len(x), x[0].size // x.shape[-1], x.shape[-1]))
    for b, tokens in enumerate(x.reshape(result.shape)):
        there = np.ones(len(tokens), bool) if mask is None else mask[b].ravel()
        room = len(tokens) if op.capacity_factor is None else math.ceil(op.capacity_factor * op.top_k * len(tokens) / op.experts)
        filled = [0] * op.experts
        for choice in range(op.top_k):
            for t in np.flatnonzero(there):
                likely = chances(tokens[t], weights)
                best = sorted(range(op.experts), key=lambda e: -likely[e])[: op.top_k]
                e = best[choice]
                if filled[e] < room:
                    filled[e] += 1
                    alone = op.softmax == "after" or (op.softmax is None and op.top_k > 1)
                    gate = likely[e] / (sum(likely[i] for i in best) if alone else 1)
                    result[b, t] += gate * expert(op, weights, e, tokens[t])
    return result.reshape(x.shape)


@oracle("moe.balance")
def moe_balance(op: Any, weights: Weights, x: Array, mask: Any = None) -> Array:
    result = np.zeros(len(x))
    for b, tokens in enumerate(x.reshape(len(x), -1, x.shape[-1])):
        rows = [
            chances(t, weights)
            for t, there in zip(tokens, np.ones(len(tokens), bool) if mask is None else mask[b].ravel(), strict=True)
            if there
        ]
        for e in range(op.experts if rows else 0):
            share = sum(e in np.argsort(-row)[: op.top_k] for row in rows) / (len(rows) * op.top_k)
            result[b] += op.experts * share * np.mean([row[e] for row in rows])
    return result


@oracle("edge_inputs")
def edge_inputs(op: Any, weights: Weights, nodes: Array, senders: Array, receivers: Array, edges: Any = None) -> Array:
    n, f = nodes.shape[-2:]
    result = np.zeros((*senders.shape, 2 * f + (0 if edges is None else edges.shape[-1])))
    for place in np.ndindex(senders.shape):
        s, r, x = senders[place], receivers[place], nodes[place[:-1]]
        if 0 <= s < n and 0 <= r < n:
            result[place][: 2 * f] = [*x[s], *x[r]]
        if edges is not None:
            result[place][2 * f :] = edges[place]
    return result


@oracle("node_inputs")
def node_inputs(op: Any, weights: Weights, nodes: Array, messages: Array, senders: Array, receivers: Array, **named: Array) -> Array:
    result = np.zeros((*nodes.shape[:-1], nodes.shape[-1] + messages.shape[-1]))
    numbered = named | {"edge_weights": np.broadcast_to(np.arange(senders.shape[-1]), senders.shape)}
    for place, x, edges, there in graphs(nodes, senders, receivers, numbered, loops=False):
        for n in np.flatnonzero(there):
            rows = [messages[place][e] for _, r, e in edges if r == n]
            heard = {"sum": np.sum, "mean": np.mean, "max": np.max}[op.how](rows, 0) if rows else np.zeros(messages.shape[-1])
            result[place][n] = [*x[n], *heard]
    return result
