"""Defines what the suite trains: nine workloads by name, their sizes, their optimizers and random batches that fit.

`full` are the sizes that are timed, `small` those of quick tests. Every size but `batch` is a parameter of `specs/NAME.net`. Nothing
here but NumPy is imported, so that no peer finds its libraries warm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Batch = dict[str, np.ndarray]
Sizes = Mapping[str, Any]
Draw = Callable[[Sizes, int, np.random.Generator], Batch]


@dataclass(frozen=True)
class Rule:
    """An optimizer: "sgd" or "adam", and its numbers. Decay of weights is decoupled in "adam"; "sgd" has it in the loss (`penalty`)."""

    kind: str
    rate: float
    momentum: float = 0.0
    nesterov: bool = False
    decay: float = 0.0
    penalty: float = 0.0
    """Half of it times the sum of the squares of all kernels is added to the loss."""


@dataclass(frozen=True)
class Workload:
    """Something to train. `draw(sizes, count, rng)` makes so many examples."""

    name: str
    title: str
    full: Sizes
    small: Sizes
    rule: Rule
    draw: Draw
    whole: bool = False
    """Its only example is one graph, which has no axis of examples."""
    sizes: Sizes = field(default_factory=dict)

    def at(self, which: str) -> Workload:
        """The same with its full or its small sizes chosen."""
        sizes = self.full if which == "full" else {**self.full, **self.small}
        return Workload(self.name, self.title, self.full, self.small, self.rule, self.draw, self.whole, sizes)

    def batch(self, seed: int = 1) -> Batch:
        """The batch on which steps are timed."""
        return self.draw(self.sizes, self.sizes["batch"], np.random.default_rng(seed))

    def examples(self, batches: int = 10) -> Batch:
        """What a loop trains on: so many batches in one table, or the one graph."""
        return self.draw(self.sizes, self.sizes["batch"] * (1 if self.whole else batches), np.random.default_rng(2))


def shuffled(examples: Batch, size: int, steps: int) -> Iterator[Batch]:
    """Batches of shuffled examples gathered on the host, epoch after epoch, so many in all."""
    rng, count = np.random.default_rng(3), len(next(iter(examples.values())))
    order = np.zeros(0, np.int64)
    for _ in range(steps):
        if len(order) < size:
            order = rng.permutation(count)
        chosen, order = order[:size], order[size:]
        yield {name: values[chosen] for name, values in examples.items()}


# --- batches ---------------------------------------------------------------------------------------------------------


def draw_images(s: Sizes, count: int, rng: np.random.Generator) -> Batch:
    shape = (count, s["size"], s["size"], s["channels"])
    return {"x": rng.random(shape, np.float32), "y": rng.integers(0, s["classes"], count, np.int32)}


def draw_text(s: Sizes, count: int, rng: np.random.Generator) -> Batch:
    return {"x": rng.integers(1, s["vocab"], (count, s["length"] + 1), np.int32)}


def draw_pairs(s: Sizes, count: int, rng: np.random.Generator) -> Batch:
    """Questions and answers of different lengths; the decoder is fed all of an answer but its end."""
    return {
        "enc": rng.integers(1, s["vocab"], (count, s["asked"]), np.int32),
        "enc_len": rng.integers(s["asked"] // 2, s["asked"] + 1, count, np.int32),
        "dec": rng.integers(1, s["vocab"], (count, s["answered"] + 1), np.int32),
        "dec_len": rng.integers(s["answered"] // 3 + 1, s["answered"] + 1, count, np.int32),
    }


def draw_sentences(s: Sizes, count: int, rng: np.random.Generator) -> Batch:
    """Words, their tags, and how many of them there are."""
    return {
        "x": rng.integers(1, s["vocab"], (count, s["length"]), np.int32),
        "y": rng.integers(0, s["tags"], (count, s["length"]), np.int32),
        "len": rng.integers(s["length"] // 6 + 1, s["length"] + 1, count, np.int32),
    }


def draw_karate(s: Sizes, count: int, rng: np.random.Generator) -> Batch:
    """The graph of `models/karate_gcn.net` with loops, each node its own one-hot row."""
    from netspec.library.data.datasets.karate import FRIENDS, INSTRUCTORS, MEMBERS

    pairs = np.array([(one, other) for one, others in FRIENDS.items() for other in others], np.int32)
    labels = np.array([int(member not in INSTRUCTORS) for member in range(MEMBERS)], np.int32)
    return {"x": np.eye(MEMBERS, dtype=np.float32), **normalised(pairs, MEMBERS), "y": labels}


def draw_graph(s: Sizes, count: int, rng: np.random.Generator) -> Batch:
    """A random graph with as many edges as `edges` says, loops among them."""
    nodes = s["nodes"]
    pairs = rng.integers(0, nodes, ((s["edges"] - nodes) // 2, 2), np.int32)
    x = rng.standard_normal((nodes, s["features"]), np.float32)
    return {"x": x, **normalised(pairs, nodes), "y": rng.integers(0, s["classes"], nodes, np.int32)}


def normalised(pairs: np.ndarray, nodes: int) -> Batch:
    """Edges in both directions and loops; each weighs 1 / sqrt(degree of its start · degree of its end)."""
    loops = np.arange(nodes, dtype=np.int32)
    send = np.concatenate([pairs[:, 0], pairs[:, 1], loops])
    recv = np.concatenate([pairs[:, 1], pairs[:, 0], loops])
    degree = np.bincount(recv, minlength=nodes).astype(np.float32)
    return {"send": send, "recv": recv, "w": (1 / np.sqrt(degree[send] * degree[recv])).astype(np.float32)}


# --- the workloads ---------------------------------------------------------------------------------------------------

LM = {"vocab": 8192, "length": 128, "batch": 8}
SMALL_LM = {"vocab": 50, "length": 9, "batch": 3, "layers": 2, "width": 16, "heads": 2, "inner": 24}
ADAM = Rule("adam", 1e-2)

_ALL = (
    Workload(
        "mnist",
        "mnist CNN, batch 128",
        {"batch": 128, "size": 28, "channels": 1, "classes": 10},
        {"batch": 8, "size": 8},
        Rule("sgd", 0.02, momentum=0.9),
        draw_images,
    ),
    Workload(
        "cifar_resnet",
        "CIFAR ResNet-20, batch 64",
        {"batch": 64, "size": 32, "channels": 3, "classes": 10, "width": 16, "depth": 3},
        {"batch": 8, "size": 12, "width": 4, "depth": 2},
        Rule("sgd", 0.05, momentum=0.9),
        draw_images,
    ),
    Workload(
        "resnet50",
        "ResNet-50, 224², batch 4",
        {"batch": 4, "size": 224, "channels": 3, "classes": 1000, "width": 64, "stages": (3, 4, 6, 3)},
        {"size": 64, "classes": 7, "width": 8, "stages": (3, 2)},
        Rule("sgd", 0.002, momentum=0.9, nesterov=True, penalty=1e-4),
        draw_images,
    ),
    Workload(
        "lm_small",
        "LM, 6 layers, d 256",
        {**LM, "layers": 6, "width": 256, "heads": 8, "inner": 1024},
        SMALL_LM,
        Rule("adam", 1e-3, decay=0.1),
        draw_text,
    ),
    Workload(
        "lm_deep",
        "LM, 24 layers, d 128",
        {**LM, "layers": 24, "width": 128, "heads": 4, "inner": 512},
        {**SMALL_LM, "layers": 5},
        Rule("adam", 1e-3, decay=0.1),
        draw_text,
    ),
    Workload(
        "seq2seq_lstm",
        "LSTM seq2seq 512, batch 128",
        {"batch": 128, "asked": 12, "answered": 12, "vocab": 15, "hidden": 512},
        {"batch": 4, "asked": 6, "answered": 5, "hidden": 8},
        Rule("adam", 3e-3),
        draw_pairs,
    ),
    Workload(
        "tagger",
        "tagger, d 256, 32 × 64",
        {"batch": 32, "length": 64, "vocab": 10_000, "width": 256, "hidden": 256, "tags": 17},
        {"batch": 4, "length": 9, "vocab": 30, "width": 6, "hidden": 8},
        Rule("adam", 1e-3),
        draw_sentences,
    ),
    Workload(
        "gnn",
        "GCN, karate club",
        {"batch": 1, "nodes": 34, "edges": 190, "features": 34, "hidden": 16, "classes": 2},
        {},
        ADAM,
        draw_karate,
        whole=True,
    ),
    Workload(
        "gcn_large",
        "GCN, 20,000 nodes, 200,000 edges",
        {"batch": 1, "nodes": 20_000, "edges": 220_000, "features": 64, "hidden": 64, "classes": 16},
        {"nodes": 30, "edges": 110, "features": 6, "hidden": 8, "classes": 3},
        ADAM,
        draw_graph,
        whole=True,
    ),
)
WORKLOADS = {workload.name: workload for workload in _ALL}
