"""A peer of the suite in a process of its own, and the questions that are asked of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from tests.benchmarks.interleave import ROOT, environment

CACHE = "JAX_COMPILATION_CACHE_DIR"


class PeerProcess:
    """Starts at once, and has taken its first step when it is there. `cache` is a folder for JAX's compiled programs, none without."""

    def __init__(self, peer: str, workload: str, sizes: str, clock: str, folder: Path, cache: str = "") -> None:
        command = [sys.executable, "-m", "tests.benchmarks.start", peer, workload, sizes, clock, str(folder)]
        began = time.perf_counter()
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=variables(cache), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        said: dict[str, Any] = json.loads(self._answer())
        self.laps: dict[str, float] = said["laps"]
        self.parameters: int = said["parameters"]
        self.loss: float = said["loss"]
        self.seconds = (said["cpu"] if clock == "cpu" else time.perf_counter() - began) - self.laps["data"]
        """From nothing to the end of the first step, without reading its batch."""

    def ask(self, question: str) -> float:
        """The number that a question is answered with."""
        assert self._process.stdin is not None
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise SystemExit(f"{' '.join(map(str, self._process.args))} ended with {self._process.wait()}")  # pyright: ignore
        return line

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def variables(cache: str) -> dict[str, str]:
    """JAX on the CPU, no program kept between processes unless there is a cache."""
    own = {name: value for name, value in environment().items() if name != CACHE}
    kept = {CACHE: cache, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"} if cache else {}
    return own | {"JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "2"} | kept
