"""Long random runs: `python -m tests.soak NAME --count N --seed S`, or `--list`.

A soak is a function `(count, seed) -> int` that tries `count` random cases and returns how many it tried; it raises on the first
case that breaks its law, with a message that says how to see that case again. Continuous integration runs small counts as tests.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable, Sequence

Soak = Callable[[int, int], int]

SOAKS = {
    "dims": "tests.shape.brute:run",
}
"""Name -> "module:function"; the module is imported when its soak is asked for."""


def find(name: str) -> Soak:
    """The function of a registered soak."""
    module, function = SOAKS[name].split(":")
    return getattr(importlib.import_module(module), function)


def about(name: str) -> str:
    """The first line of a soak's docstring."""
    return (find(name).__doc__ or "").strip().split("\n")[0]


def run(name: str, count: int, seed: int) -> str:
    """Run one soak; a line that says what was tried and how fast. Lets the soak's error through."""
    start = time.perf_counter()
    tried = find(name)(count, seed)
    seconds = time.perf_counter() - start
    return f"{name}: {tried:,} cases, seed {seed}, {seconds:.1f} s, {tried / max(seconds, 1e-9):,.0f} per second: no failure"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Try many random cases of one law.")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"which soaks, of {', '.join(SOAKS)} (default: all)")
    parser.add_argument("--count", type=int, default=10_000, help="cases per soak")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same cases")
    parser.add_argument("--list", action="store_true", help="print the soaks and leave")
    args = parser.parse_args(argv)
    if unknown := [name for name in args.names if name not in SOAKS]:
        parser.error(f"there is no soak {', '.join(unknown)}")
    for name in args.names or SOAKS:
        print(f"{name}: {about(name)}" if args.list else run(name, args.count, args.seed), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
