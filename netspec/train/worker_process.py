"""What runs in a worker process: it takes jobs and examples from its input and writes their values to its output, until the input ends.

The input ends when the process that started it does, however that came about, so that no worker outlives it. Nothing here imports JAX.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import IO, TYPE_CHECKING

from netspec.train.worker_messages import receive, send

if TYPE_CHECKING:
    from netspec.train.chain_steps import Job

FAILED = "failed"
"""What is answered in place of values: whoever asked makes them itself, and so meets the very same error."""


def main() -> None:
    """Serves the pipes that it was started with. What a library prints goes to the standard error, not between the answers."""
    answers = os.dup(1)
    os.dup2(2, 1)
    with open(0, "rb", closefd=False) as orders, open(answers, "wb") as replies:
        try:
            serve(orders, replies)
        except (EOFError, OSError):  # whoever asked is gone
            sys.stderr.close()
            os._exit(0)


def serve(orders: IO[bytes], replies: IO[bytes]) -> None:
    """Answers one order after another. Raises EOFError where no further one comes."""
    jobs: dict[int, Job] = {}
    while True:
        kind, number, *order = receive(orders)
        send(replies, _take(jobs, number, *order) if kind == "job" else _run(jobs[number], *order))


def _take(jobs: dict[int, Job], number: int, content: bytes) -> str:
    """Keeps a job; why it cannot be had here, or ""."""
    try:
        jobs[number] = pickle.loads(content)
    except Exception as error:  # whatever the module of a plugin raises when it is imported
        return f"{type(error).__name__}: {error}"
    return ""


def _run(job: Job, *order: object) -> object:
    """The values of some examples."""
    try:
        return job.run(*order)  # type: ignore[arg-type]
    except Exception:
        return FAILED
