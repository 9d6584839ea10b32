"""Zachary's karate club, which netspec carries with it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example
from netspec.shape import TensorType

MEMBERS = 34
FRIENDS = {
    0: (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31),
    1: (2, 3, 7, 13, 17, 19, 21, 30),
    2: (3, 7, 8, 9, 13, 27, 28, 32),
    3: (7, 12, 13),
    4: (6, 10),
    5: (6, 10, 16),
    6: (16,),
    8: (30, 32, 33),
    9: (33,),
    13: (33,),
    14: (32, 33),
    15: (32, 33),
    18: (32, 33),
    19: (33,),
    20: (32, 33),
    22: (32, 33),
    23: (25, 27, 29, 32, 33),
    24: (25, 27, 31),
    25: (31,),
    26: (29, 33),
    27: (33,),
    28: (31, 33),
    29: (32, 33),
    30: (32, 33),
    31: (32, 33),
    32: (33,),
}
"""Each of the 78 friendships once, at the smaller number."""
INSTRUCTORS = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 19, 21})
"""Who went with the instructor when the club split."""


class KarateClub(Dataset):
    """Who was friends with whom among the 34 members of a karate club, and how it split in two: one graph, part of netspec itself.

    Fields: `nodes` f32[34, 34] (each member's own one-hot row), `senders` and `receivers` i32[156] (the 78 friendships, in one direction
    and then in the other), `label` i32[34]: 0 for those who stayed with the instructor (member 0), 1 for those with the officer (member
    33). The graph is one whole: a chain on it has no `batch`, an epoch is one step, and evaluation sees the same graph.
    """

    source = "Zachary 1977, An information flow model for conflict and fission in small groups"
    batched: ClassVar[bool] = False

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()),)

    def fields(self) -> dict[str, TensorType]:
        edges = 2 * sum(map(len, FRIENDS.values()))
        return {
            "nodes": TensorType("f32", (MEMBERS, MEMBERS)),
            "senders": TensorType("i32", (edges,)),
            "receivers": TensorType("i32", (edges,)),
            "label": TensorType("i32", (MEMBERS,)),
        }

    def class_counts(self) -> dict[str, int]:
        return {"label": 2}

    def load(self, folder: Path | None) -> dict[str, Array]:
        pairs = np.array([(one, other) for one, friends in FRIENDS.items() for other in friends], np.int32)
        senders, receivers = np.concatenate([pairs, pairs[:, ::-1]]).T
        label = np.array([member not in INSTRUCTORS for member in range(MEMBERS)], np.int32)
        return {
            "nodes": np.eye(MEMBERS, dtype=np.float32),
            "senders": np.ascontiguousarray(senders),
            "receivers": np.ascontiguousarray(receivers),
            "label": label,
        }
