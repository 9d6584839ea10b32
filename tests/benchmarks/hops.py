"""How many files a reader passes through: `python -m tests.benchmarks.hops check|step [SPEC] [--pairs N]`.

`check` follows `netspec check`, `step` the trace of one training step. Counted are the files of netspec whose functions run, and the hops
from one of them to another: calls whose caller stands in a different file. What JAX or Python do in between does not count. Everything is
imported before, so that what happens is counted, not what is loaded.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import netspec
from netspec.library.base import Clock

PACKAGE = str(Path(netspec.__file__).parent) + "/"
NUMPY = {"f32": "float32", "i32": "int32", "u8": "uint8", "bool": "bool"}
SPECS = {"check": "models/mnist.net", "step": "models/digits.net"}


class Hops:
    """The calls that lead from one file of netspec into another."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.pairs: Counter[tuple[str, str]] = Counter()

    def see(self, frame: FrameType, event: str, _: Any) -> None:
        """Count a call, as `sys.setprofile` has it."""
        here = file_of(frame)
        if event != "call" or here is None or frame.f_code.co_name == "<module>":
            return
        self.files.add(here)
        there = next((file for file in map(file_of, callers(frame)) if file), None)
        if there is not None and there != here:
            self.pairs[there, here] += 1

    @contextmanager
    def counting(self) -> Iterator[Hops]:
        sys.setprofile(self.see)
        try:
            yield self
        finally:
            sys.setprofile(None)


def callers(frame: FrameType) -> Iterator[FrameType]:
    while (caller := frame.f_back) is not None:
        yield (frame := caller)


def file_of(frame: FrameType) -> str | None:
    """The file of netspec that a frame runs in."""
    name = frame.f_code.co_filename
    return name.removeprefix(PACKAGE) if name.startswith(PACKAGE) else None


def hops_of(action: Callable[[], object]) -> Hops:
    with Hops().counting() as hops:
        action()
    return hops


def check(spec: str) -> Hops:
    netspec.check(spec)
    return hops_of(lambda: netspec.check(spec))


def step(spec: str) -> Hops:
    """A step on a batch of ones, at any clock, traced a second time."""
    import jax
    import numpy as np

    model = netspec.compile(spec).at(Clock(steps_per_epoch=40, total_steps=1_000))
    assert model.plan is not None
    size, types = model.plan.data.batch or 1, model.plan.data.fields
    batch = {name: np.ones([d.value if d.is_constant else size for d in t.shape], NUMPY[t.dtype]) for name, t in types.items()}
    model.train_step(model.init(0), batch)
    state = model.init(0)
    jax.clear_caches()
    return hops_of(lambda: model.train_step(state, batch))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.hops", description=__doc__)
    parser.add_argument("what", choices=list(SPECS))
    parser.add_argument("spec", nargs="?")
    parser.add_argument("--pairs", type=int, default=10, help="how many of the busiest pairs of files are listed")
    args = parser.parse_args()
    hops = {"check": check, "step": step}[args.what](args.spec or SPECS[args.what])
    print(f"{len(hops.files)} files entered, {hops.pairs.total():,} hops between {len(hops.pairs)} pairs of files")
    for (there, here), count in hops.pairs.most_common(args.pairs):
        print(f"{count:7,}  {there} -> {here}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
