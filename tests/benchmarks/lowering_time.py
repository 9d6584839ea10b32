"""A training step with the kernels that are chosen against one without some of them, in one process, in turns:
`python -m tests.benchmarks.lowering_time FILE --at B=8 [--without attend.by_heads] [--pairs N]`; without any named, against the references.

Both take the same batch of small whole numbers. Printed are the seconds that each took to compile and the ratio of their steps.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import jax
import numpy as np

import netspec
from netspec.kernels import choice
from netspec.kernels.choice import AUTOMATIC, PORTABLE
from netspec.kernels.shelf import load_variants
from netspec.lower.program import Program
from netspec.shape.types import JAX_DTYPES
from tests.benchmarks.interleave import interleave

Batch = dict[str, np.ndarray]


def build_batch(program: Program, sizes: Mapping[str, int]) -> Batch:
    """A batch with a record's fields, of these sizes."""
    assert program.plan is not None
    rng = np.random.default_rng(0)
    shapes = {name: ([d.evaluate(sizes) for d in kind.shape], kind.dtype) for name, kind in program.plan.data.fields.items()}
    return {name: rng.integers(1, 4, shape).astype(JAX_DTYPES[dtype]) for name, (shape, dtype) in shapes.items()}


CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
"""What seconds are: those that pass, or those of the processors, which neighbours disturb less."""


def stepping(
    file: Path, sizes: Mapping[str, int], lowering: str, without: frozenset[str], clock: Callable[[], float]
) -> tuple[Callable[[], float], float]:
    """An action that takes a step and says how long it took, and the seconds to trace and compile it."""
    kept = tuple(v for v in load_variants() if f"{v.family.name}.{v.name}" not in without)
    program = netspec.compile(file, lowering=lowering)
    state, batch = program.init(0), build_batch(program, sizes)
    start = clock()
    choice.load_variants = lambda: kept
    try:
        run = jax.jit(program.train_step, donate_argnums=0).lower(state, batch).compile()
    finally:
        choice.load_variants = load_variants
    seconds = clock() - start

    def step() -> float:
        nonlocal state
        start = clock()
        state, _ = run(state, batch)
        jax.block_until_ready(jax.tree.leaves(state))
        return clock() - start

    return step, seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.lowering_time", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--at", action="append", default=[], metavar="DIM=SIZE")
    parser.add_argument("--without", action="append", default=[], metavar="FAMILY.VARIANT")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--pairs", type=int, default=30)
    args = parser.parse_args()
    sizes = {name: int(size) for name, _, size in (text.partition("=") for text in args.at)}
    clock, without = CLOCKS[args.clock], frozenset(args.without)
    chosen, ours = stepping(args.file, sizes, AUTOMATIC, frozenset(), clock)
    other, theirs = stepping(args.file, sizes, AUTOMATIC if without else PORTABLE, without, clock)
    name = f"without {', '.join(args.without)}" if without else PORTABLE
    print(f"compiled in {ours:.1f} s against {theirs:.1f} s")
    print(interleave(chosen, other, args.pairs, warm=2).line(f"{args.file.name}, chosen", name))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
