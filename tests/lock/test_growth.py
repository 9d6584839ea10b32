"""What a comparison of locks costs grows with their size: the instructions are counted, which no load of the machine changes."""

from __future__ import annotations

import math
import sys
from types import FrameType
from typing import Any

import pytest

from netspec.lock import compare
from netspec.lock.text import Facts


def lock_of(names: list[str], change: str = "") -> Facts:
    """A lock of layers with these names, each with two facts."""
    layers = {name: f"dense({n}){change}" for n, name in enumerate(names)}
    shapes = {f"{name}/kernel": f"f32[{n}]" for n, name in enumerate(names)}
    head = {"lock": "1", "netspec": "1", "language": "1", "hash": f"{names[0]}{change}"}
    return {**head, "models": {"M": {"layers": layers, "parameters": shapes}}}


PAIRS = {
    "all renamed": lambda n: (lock_of([f"a{k}" for k in range(n)]), lock_of([f"b{k}" for k in range(n)])),
    "all renamed, in another order": lambda n: (lock_of([f"a{k}" for k in range(n)]), reverse(lock_of([f"b{k}" for k in range(n)]))),
    "all changed": lambda n: (lock_of([f"a{k}" for k in range(n)]), lock_of([f"a{k}" for k in range(n)], ".")),
    "all others": lambda n: (lock_of([f"a{k}" for k in range(n)]), lock_of([f"b{k}" for k in range(n)], ".")),
}


def reverse(facts: Facts) -> Facts:
    """The same facts from the last to the first."""
    return {name: reverse(value) if isinstance(value, dict) else value for name, value in reversed(facts.items())}


def steps(locked: Facts, now: Facts) -> int:
    """How many instructions of Python a comparison takes."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        drift = compare(locked, now)
    finally:
        sys.settrace(before)
    assert drift.any
    return count


@pytest.mark.parametrize("kind", PAIRS)
def test_growth(kind: str) -> None:
    """From what the second and third doubling add; a square has 2."""
    counts = [steps(*PAIRS[kind](40 << k)) for k in range(3)]
    assert math.log2((counts[2] - counts[1]) / (counts[1] - counts[0])) < 1.1


def test_renamed_layers_that_are_alike_are_paired_in_their_order() -> None:
    locked, now = lock_of(["a", "b"]), lock_of(["c", "d"])
    for facts in (locked, now):
        layers = facts["models"]["M"]["layers"]
        facts["models"]["M"] = {"layers": dict.fromkeys(layers, "dense(3)")}
    assert compare(locked, now).facts == ("`a` is called `c` now", "`b` is called `d` now")
