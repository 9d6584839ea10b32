"""Long random runs: `python -m tests.soak NAME --count N --seed S`, or `--list`.

A soak is a function `(count, seed)` that tries `count` random cases of one law and returns a report: its text says what was tried, its
`wrong` lists the cases that break the law, each so that it can be tried again. Continuous integration runs small counts as tests.
With `--jobs 2` two processes share the cases of a soak that numbers them; the cases are the same.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from typing import Any, Protocol


class Report(Protocol):
    """What a soak found; `str` of it is one line."""

    @property
    def wrong(self) -> Sequence[str]: ...


Soak = Callable[..., Report]

SOAKS = {
    "dims": "tests.shape.brute:run",
    "mutate": "tests.random_specs.mutate:run",
    "grammar": "tests.random_specs.grammar:run",
    "regions": "tests.random_specs.runs:run_regions",
    "runs": "tests.random_specs.runs:run_mutants",
    "twin": "tests.twin.soak:run",
    "checkpoint_flips": "tests.train.faults:run_flips",
    "checkpoint_cuts": "tests.train.faults:run_truncations",
    "full_disks": "tests.train.full_disks:run",
    "kills": "tests.train.faults:run_kills",
    "memory": "tests.train.growth:run",
    "forged": "tests.train.forgery:run",
    "archives": "tests.train.archives:run",
    "breaks": "tests.answers.breaks:run",
    "diff": "tests.diff.soak:run",
    "lock": "tests.lock.soak:run",
}
"""Name -> "module:function"; the module is imported when its soak is asked for."""
NUMBERED = ("mutate", "grammar", "regions", "runs", "twin", "forged", "archives", "kills", "diff", "lock")
"""Soaks that also take the number of their `first` case, and whose reports `join`."""
SLOW = ("kills", "memory", "full_disks")
"""Soaks of which one case takes seconds: their tests run their own few cases."""
WHOLE = {"checkpoint_flips": 2_000, "checkpoint_cuts": 200, "forged": 2_000, "full_disks": 200, "kills": 200, "memory": 10_000}
"""So many cases are tried by `--whole` of soaks that need not as many as others, or more than a quarter of an hour."""

PORTION = 250
"""So many cases are given to a process at a time, of slow ones as many as each of them has."""


def find(name: str) -> Soak:
    """The function of a registered soak."""
    module, function = SOAKS[name].split(":")
    return getattr(importlib.import_module(module), function)


def about(name: str) -> str:
    """The first line of a soak's docstring."""
    return (find(name).__doc__ or "").strip().split("\n")[0]


def run(name: str, count: int, seed: int, jobs: int = 1) -> bool:
    """Run one soak and print what it found; whether its law held."""
    start = time.perf_counter()
    report = find(name)(count, seed) if jobs == 1 or name not in NUMBERED else shared(name, count, seed, jobs)
    seconds = time.perf_counter() - start
    print(f"{name}: {count:,} cases, seed {seed}, {seconds:.1f} s: {report}", *report.wrong, sep="\n  ", flush=True)
    return not report.wrong


def shared(name: str, count: int, seed: int, jobs: int) -> Report:
    """A soak's cases tried by several processes, some hundred at a time, and what they found together."""
    size = -(-count // jobs) if name in SLOW else PORTION
    firsts = range(0, count, size)
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        portions = pool.map(portion, repeat(name), (min(size, count - f) for f in firsts), repeat(seed), firsts)
        report: Any = next(portions)
        for number, other in enumerate(portions, 2):
            report.join(other)
            if number % 20 == 0:
                print(f"{name}: {number * size:,} of {count:,}: {report}", file=sys.stderr, flush=True)
    return report


def portion(name: str, count: int, seed: int, first: int) -> Report:
    return find(name)(count, seed, first=first)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Try many random cases of one law.")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"which soaks, of {', '.join(SOAKS)} (default: all)")
    parser.add_argument("--count", type=int, default=10_000, help="cases per soak")
    parser.add_argument("--whole", action="store_true", help="as many cases as each soak is worth by hand, where that is not --count")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same cases")
    parser.add_argument("--jobs", type=int, default=1, help="processes that share the cases of a soak that numbers them")
    parser.add_argument("--list", action="store_true", help="print the soaks and leave")
    args = parser.parse_args(argv)
    if unknown := [name for name in args.names if name not in SOAKS]:
        parser.error(f"there is no soak {', '.join(unknown)}")
    names = args.names or list(SOAKS)
    if args.list:
        print(*(f"{name}: {about(name)}" for name in names), sep="\n")
        return 0
    counts = WHOLE if args.whole else {}
    return int(not all([run(name, counts.get(name, args.count), args.seed, args.jobs) for name in names]))


if __name__ == "__main__":
    raise SystemExit(main())
