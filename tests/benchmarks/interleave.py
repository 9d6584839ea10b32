"""Compare two actions in pairs: a, b, b, a, a, b, … so that drift and neighbours disturb both sides alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Pairs:
    """Seconds of two actions, measured pair by pair."""

    first: tuple[float, ...]
    second: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median over the pairs of first / second."""
        return statistics.median(a / b for a, b in zip(self.first, self.second, strict=True))

    @property
    def least(self) -> float:
        """The fastest first / the fastest second: the ratio with the least disturbance on each side."""
        return min(self.first) / min(self.second)

    def interval(self, samples: int = 2_000) -> tuple[float, float]:
        """Where the median ratio lies with 95 % confidence: by the bootstrap over the pairs, the same each time."""
        ratios, rng = [a / b for a, b in zip(self.first, self.second, strict=True)], Random(0)
        medians = sorted(statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(samples))
        return medians[round(0.025 * (samples - 1))], medians[round(0.975 * (samples - 1))]

    def line(self, first: str, second: str) -> str:
        """One line for people: both ratios, and the median and least milliseconds of each side."""
        a, b = (f"{statistics.median(t) * 1e3:.1f} ms (least {min(t) * 1e3:.1f})" for t in (self.first, self.second))
        median = "{:.2f} median [{:.2f}, {:.2f}]".format(self.median, *self.interval())
        return f"{first} / {second}: {median}, {self.least:.2f} least, of {len(self.first)} pairs; {a} against {b}"


def interleave(first: Callable[[], object], second: Callable[[], object], pairs: int, warm: int = 1) -> Pairs:
    """Time both actions `pairs` times, after `warm` untimed runs of each. One that returns a float says itself how many seconds count."""
    for _ in range(warm):
        first(), second()
    times: tuple[list[float], list[float]] = ([], [])
    for pair in range(pairs):
        for side in (0, 1) if pair % 2 == 0 else (1, 0):
            start = time.perf_counter()
            own = (first, second)[side]()
            times[side].append(own if isinstance(own, float) else time.perf_counter() - start)
    return Pairs(tuple(times[0]), tuple(times[1]))


def fresh(arguments: Sequence[str]) -> Callable[[], object]:
    """An action that runs this Python in a fresh process from the checkout, and must succeed.

    Compiled modules are kept, as they are once a package is installed: the untimed first run writes them.
    """
    command, variables = [sys.executable, *arguments], environment()
    return lambda: subprocess.run(command, cwd=ROOT, env=variables, check=True, stdout=subprocess.DEVNULL)


def environment() -> dict[str, str]:
    """This process's variables, but that compiled modules are kept, in a folder of the benchmarks' own."""
    kept = os.path.join(tempfile.gettempdir(), f"netspec-benchmarks-{os.getuid()}")
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": kept}
