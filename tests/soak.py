"""Long random runs: `python -m tests.soak NAME --count N --seed S`, or `--list`.

A soak is a function `(count, seed)` that tries `count` random cases of one law and returns a report: its text says what was tried, its
`wrong` lists the cases that break the law, each so that it can be tried again. Continuous integration runs small counts as tests.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable, Sequence
from typing import Protocol


class Report(Protocol):
    """What a soak found; `str` of it is one line."""

    @property
    def wrong(self) -> Sequence[str]: ...


Soak = Callable[[int, int], Report]

SOAKS = {
    "dims": "tests.shape.brute:run",
    "mutate": "tests.random_specs.mutate:run",
    "twin": "tests.twin.soak:run",
    "checkpoint_flips": "tests.train.faults:run_flips",
    "checkpoint_cuts": "tests.train.faults:run_truncations",
    "kills": "tests.train.faults:run_kills",
}
"""Name -> "module:function"; the module is imported when its soak is asked for."""
SLOW = ("kills",)
"""Soaks of which one case takes seconds: their tests run their own few cases."""

SHOWN = 10
"""So many wrong cases are printed."""


def find(name: str) -> Soak:
    """The function of a registered soak."""
    module, function = SOAKS[name].split(":")
    return getattr(importlib.import_module(module), function)


def about(name: str) -> str:
    """The first line of a soak's docstring."""
    return (find(name).__doc__ or "").strip().split("\n")[0]


def run(name: str, count: int, seed: int) -> bool:
    """Run one soak and print what it found; whether its law held."""
    start = time.perf_counter()
    report = find(name)(count, seed)
    seconds = time.perf_counter() - start
    print(f"{name}: {count:,} cases, seed {seed}, {seconds:.1f} s: {report}", *report.wrong[:SHOWN], sep="\n  ", flush=True)
    return not report.wrong


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Try many random cases of one law.")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"which soaks, of {', '.join(SOAKS)} (default: all)")
    parser.add_argument("--count", type=int, default=10_000, help="cases per soak")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same cases")
    parser.add_argument("--list", action="store_true", help="print the soaks and leave")
    args = parser.parse_args(argv)
    if unknown := [name for name in args.names if name not in SOAKS]:
        parser.error(f"there is no soak {', '.join(unknown)}")
    names = args.names or list(SOAKS)
    if args.list:
        print(*(f"{name}: {about(name)}" for name in names), sep="\n")
        return 0
    return int(not all([run(name, args.count, args.seed) for name in names]))


if __name__ == "__main__":
    raise SystemExit(main())
