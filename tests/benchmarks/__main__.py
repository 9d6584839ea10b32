"""netspec beside its peers in one run, in turns: `python -m tests.benchmarks [WORKLOAD …] [--pairs N]`.

Each peer runs in a process of its own ([worker](worker.py)); one works while the others wait. For each workload a table is printed: the
time of a step, the time from nothing to the end of the first step (interpreter, imports, building, first weights, tracing, compiling), the
most memory that a process took, and what a training loop costs beside its bare steps. A ratio is netspec / peer, the median over pairs of
neighbouring measurements, and behind it the 95 % bootstrap interval of that median: below 1 netspec takes less.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from tests.benchmarks.interleave import Pairs
from tests.benchmarks.peer_process import PeerProcess
from tests.benchmarks.peers.running import CLOCKS
from tests.benchmarks.worker import PEERS
from tests.benchmarks.workloads import WORKLOADS, Workload

OWN = "netspec"
TOGETHER = 0.1
"""Seconds for which short steps are taken together."""
Measured = dict[str, dict[str, list[float]]]
"""What was measured, by kind and peer, in the order of the rounds."""


def measure(workload: Workload, args: argparse.Namespace) -> Measured:
    found: Measured = {kind: {peer: [] for peer in args.peers} for kind in ("step", "first", "second", "peak", "loop", "extra")}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        np.savez(folder / "batch.npz", **workload.batch())  # pyright: ignore[reportArgumentType]
        np.savez(folder / "examples.npz", **workload.examples())  # pyright: ignore[reportArgumentType]
        workers = start(stack, workload, folder, found, args)
        require_same_size(workers)
        time_steps(workers, found, args.pairs)
        for peer, worker in workers.items():
            found["peak"][peer].append(worker.ask("peak"))
        time_loops(workers, found, args.loops)
    return found


def start(stack: ExitStack, workload: Workload, folder: Path, found: Measured, args: argparse.Namespace) -> dict[str, PeerProcess]:
    """A process of each peer, after so many starts in turns; with `--second` also what a start takes whose programs were kept."""

    def begin(peer: str, cache: str = "") -> PeerProcess:
        return PeerProcess(peer, workload.name, args.sizes, args.clock, folder, cache)

    workers: dict[str, PeerProcess] = {}
    for turn in range(args.starts):
        for peer in in_turns(args.peers, turn):
            workers[peer] = begin(peer)
            found["first"][peer].append(workers[peer].seconds)
            if turn < args.starts - 1:
                workers[peer].close()
    for peer in args.peers if args.second else ():
        cache = stack.enter_context(tempfile.TemporaryDirectory())
        for kept in (False, True):
            with begin(peer, cache) as worker:
                found["second"][peer] += [worker.seconds] if kept else []
    for worker in workers.values():
        stack.enter_context(worker)
    return workers


def require_same_size(workers: dict[str, PeerProcess]) -> None:
    """All train the same model: as many parameters, and first losses that random weights explain. PyTorch has two biases for each gate."""
    sizes = {peer: worker.parameters for peer, worker in workers.items() if peer != "torch"}
    assert len(set(sizes.values())) == 1, f"models of different sizes: {sizes}"


def time_steps(workers: dict[str, PeerProcess], found: Measured, pairs: int) -> None:
    """Steps of each in turns. The first of a turn is not timed: while others worked, caches went to them, and memory that was free to the
    machine below a virtual one, which then took a second to have it again."""
    for worker in workers.values():
        worker.ask("steps 1")
    together = max(1, math.ceil(TOGETHER / min(worker.ask("steps 1") for worker in workers.values())))
    for turn in range(pairs):
        for peer in in_turns(list(workers), turn):
            workers[peer].ask("steps 1")
            found["step"][peer].append(workers[peer].ask(f"steps {together}") / together)


def time_loops(workers: dict[str, PeerProcess], found: Measured, loops: int) -> None:
    """A loop of about two seconds beside as many bare steps."""
    slowest = max(statistics.median(seconds) for seconds in found["step"].values())
    count = min(2_000, max(5, round(2.0 / slowest)))
    for turn in range(loops):
        for peer in in_turns(list(workers), turn):
            bare, loop = (workers[peer].ask(f"{what} {count}") / count for what in ("steps", "loop"))
            found["loop"][peer].append(loop)
            found["extra"][peer].append(loop - bare)


def in_turns(peers: Sequence[str], turn: int) -> Sequence[str]:
    """Forwards and backwards, so that a drift of the machine meets all alike."""
    return peers if turn % 2 == 0 else peers[::-1]


# --- the table -------------------------------------------------------------------------------------------------------

COLUMNS = {"step": ("step, ms", 1e3), "first": ("first step, s", 1), "second": ("second start, s", 1), "peak": ("peak, MB", 1)}
COLUMNS |= {"loop": ("loop, ms a step", 1e3)}


def table(workload: Workload, found: Measured, peers: Sequence[str]) -> str:
    """One row for each peer, in Markdown."""
    kinds = [kind for kind in COLUMNS if any(found[kind].values())]
    head = ["peer"] + [title for kind in kinds for title in (COLUMNS[kind][0], "netspec / peer")] + ["loop - bare, µs"]
    rows = [head, ["---"] * len(head)]
    for peer in peers:
        rows.append([peer, *(cell for kind in kinds for cell in cells(found[kind], peer, COLUMNS[kind][1])), microseconds(found, peer)])
    return "\n".join([f"**{workload.title}**", "", *(f"| {' | '.join(row)} |" for row in rows), ""])


def cells(times: dict[str, list[float]], peer: str, scale: float) -> tuple[str, str]:
    """(median, ratio with its spread)."""
    if not times[peer]:
        return "", ""
    middle = f"{statistics.median(times[peer]) * scale:.4g}"
    if peer == OWN or not times.get(OWN):
        return middle, ""
    pairs = Pairs(tuple(times[OWN]), tuple(times[peer]))
    low, high = pairs.interval()
    return middle, f"{pairs.median:.2f}" if len(pairs.first) == 1 else f"{pairs.median:.2f} [{low:.2f}, {high:.2f}]"


def microseconds(found: Measured, peer: str) -> str:
    return f"{statistics.median(found['extra'][peer]) * 1e6:.0f}" if found["extra"][peer] else ""


def peers_there_are() -> list[str]:
    return [peer for peer in PEERS if peer != "torch" or find_spec("torch")]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(WORKLOADS)}; all of them without any")
    parser.add_argument("--peers", type=lambda text: text.split(","), default=peers_there_are(), help="netspec,flax,jax,torch")
    parser.add_argument("--pairs", type=int, default=30, help="rounds of steps")
    parser.add_argument("--starts", type=int, default=3, help="rounds of fresh processes")
    parser.add_argument("--loops", type=int, default=3, help="rounds of loops; 0 leaves them out")
    parser.add_argument("--second", action="store_true", help="also time a start that finds its compiled programs in JAX's cache")
    parser.add_argument("--sizes", choices=("full", "small"), default="full")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: seconds of the processor, for a busy machine")
    parser.add_argument("--out", type=Path, help="append everything measured, in seconds and MB, as a line of JSON")
    args = parser.parse_args()
    for name in args.workloads or WORKLOADS:
        workload = WORKLOADS[name].at(args.sizes)
        found = measure(workload, args)
        print(table(workload, found, args.peers), flush=True)
        if args.out:
            with args.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"workload": name, "sizes": args.sizes, "clock": args.clock, **found}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
