"""How many files a reader passes through: `python -m tests.benchmarks.hops check|step [SPEC]`.

`check` follows `netspec check`, `step` the trace of one training step. Counted are the files of netspec whose functions run, the hops from
a function in one file to one in another, both while calling and while returning is left out, and the busiest pairs of files. Modules are
imported before, so that what is counted is what happens, not what is loaded.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import netspec
from netspec.compile import check

PACKAGE = str(Path(netspec.__file__).parent) + "/"
SPECS = {"check": "models/mnist.net", "step": "models/digits.net"}


class Hops:
    """The calls that lead from one file of netspec into another."""

    def __init__(self) -> None:
        self.files: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()

    def see(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or (here := file_of(frame)) is None or frame.f_code.co_name == "<module>":
            return
        self.files[here] += 1
        caller = frame.f_back
        while caller is not None and (there := file_of(caller)) is None:
            caller = caller.f_back
        if caller is not None and there != here:
            self.pairs[there, here] += 1

    @contextmanager
    def counting(self):
        sys.setprofile(self.see)
        try:
            yield self
        finally:
            sys.setprofile(None)


def file_of(frame: FrameType) -> str | None:
    name = frame.f_code.co_filename
    return name.removeprefix(PACKAGE) if name.startswith(PACKAGE) else None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.hops", description=__doc__)
    parser.add_argument("what", choices=list(SPECS))
    parser.add_argument("spec", nargs="?")
    parser.add_argument("--pairs", type=int, default=10, help="how many of the busiest pairs of files are listed")
    args = parser.parse_args()
    hops = {"check": checking, "step": stepping}[args.what](args.spec or SPECS[args.what])
    print(f"{len(hops.files)} files entered, {hops.pairs.total():,} hops between {len(hops.pairs)} pairs of files")
    for (there, here), count in hops.pairs.most_common(args.pairs):
        print(f"{count:7,}  {there} -> {here}")
    return 0


def checking(spec: str) -> Hops:
    check(spec)
    with Hops().counting() as hops:
        check(spec)
    return hops


def stepping(spec: str) -> Hops:
    raise SystemExit(spec)


if __name__ == "__main__":
    raise SystemExit(main())
