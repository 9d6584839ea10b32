"""Worker processes that decode examples: each reads those whose index falls to it, and applies the transforms of single examples.

They are started as commands of their own, never forked and never from the main module, so that neither JAX's threads nor a script without a
guard matter. Which process makes an example is decided by its index, so that what one keeps (`cache`) it finds again. No number of them
changes a value: examples draw by their index. Whatever goes wrong in one, the same batch is made again here, so that an error is the same.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.workers import NotForWorkers, WorkerEnded
from netspec.lazy import np
from netspec.library.base import Array
from netspec.record import record, replace
from netspec.train.chain_steps import Job, take
from netspec.train.worker_messages import receive, send
from netspec.train.worker_process import FAILED

START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from netspec.train.worker_process import main; main()"


class Worker:
    """One process. It gets one order at a time, from a thread that waits for its answers."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", START, json.dumps(sys.path)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="netspec-worker")

    def ask(self, *order: Any) -> Future[Any]:
        """The answer to an order, once it is there."""
        return self._thread.submit(self._ask, order)

    def _ask(self, order: tuple[Any, ...]) -> Any:
        """Raises `Mistake` where the process has ended."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            send(self.process.stdin, order)
            return receive(self.process.stdout)
        except (EOFError, OSError, ValueError):
            raise Mistake(WorkerEnded(status=self.process.wait())) from None

    def close(self) -> None:
        """Ends the process, at once."""
        self.process.kill()
        self._thread.shutdown(cancel_futures=True)
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        self.process.wait()


@record(eq=False)
class Asked:
    """Examples that worker processes are making."""

    job: Job
    order: tuple[Mapping[str, Any], Array, Array | None]
    """What `Job.run` takes."""
    parts: tuple[tuple[Array, Future[Any]], ...]
    """The places of the examples that each process makes."""

    def result(self) -> dict[str, Any]:
        """The examples in their order. Where one could not be made, all are made here, which raises what is to be raised."""
        found = [(places, part.result()) for places, part in self.parts]
        if any(isinstance(values, str) and values == FAILED for _, values in found):
            return self.job.run(*self.order)
        return {name: _join([(places, values[name]) for places, values in found], len(self.order[1])) for name in found[0][1]}


class Workers:
    """Some processes, started when the first job comes."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._workers: list[Worker] = []
        self._jobs: list[Job] = []

    def add(self, job: Job) -> int:
        """Hands a job to every process; its number. Raises `Mistake` for one that cannot be sent."""
        try:
            content = pickle.dumps(replace(job, room=job.room // self.count, kept=None))
        except Exception as error:
            raise Mistake(NotForWorkers(fields=tuple(job.columns))) from error
        self._workers = self._workers or [Worker() for _ in range(self.count)]
        self._jobs.append(job)
        number = len(self._jobs) - 1
        for answer in [worker.ask("job", number, content) for worker in self._workers]:
            if reason := answer.result():
                raise Mistake(NotForWorkers(fields=tuple(job.columns), reason=reason))
        return number

    def ask(self, number: int, given: Mapping[str, Any], indices: Array, epochs: Array | None) -> Asked:
        """Has the examples with these indices made; `given` are the values of the fields that lie in memory."""
        parts = []
        for own, worker in enumerate(self._workers):
            places = np.flatnonzero(indices % self.count == own)
            if len(places):
                some = {name: take(values, places) for name, values in given.items()}
                seen = None if epochs is None else epochs[places]
                parts.append((places, worker.ask("run", number, some, indices[places], seen)))
        return Asked(self._jobs[number], (given, indices, epochs), tuple(parts))

    def close(self) -> None:
        """Ends all processes."""
        for worker in self._workers:
            worker.close()
        self._workers, self._jobs = [], []


@contextmanager
def employ(count: int) -> Iterator[Workers | None]:
    """So many processes, which end behind the block; None for 0."""
    workers = Workers(count) if count else None
    try:
        yield workers
    finally:
        if workers is not None:
            workers.close()


def _join(parts: list[tuple[Array, Any]], count: int) -> Any:
    """The values of a batch of which each part has those at its places."""
    first = parts[0][1]
    if isinstance(first, np.ndarray):
        made = np.empty((count, *first.shape[1:]), first.dtype)
        for places, values in parts:
            made[places] = values
        return made
    found: list[Any] = [None] * count
    for places, values in parts:
        for place, value in zip(places.tolist(), values, strict=True):
            found[place] = value
    return type(first)(found)
