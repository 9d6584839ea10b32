"""Begins the process of a peer as that peer's own command would, before anything else is imported: `netspec train` starts itself again.

`python -m tests.benchmarks.start PEER WORKLOAD SIZES CLOCK FOLDER`; see [worker](worker.py).
"""

from __future__ import annotations

import sys


def main() -> int:
    if sys.argv[1] == "netspec":
        from netspec.cli.own_process import collect_rarely
        from netspec.train.kept_memory import start_again

        start_again()
        collect_rarely()
    from tests.benchmarks.worker import main as work

    return work()


if __name__ == "__main__":
    raise SystemExit(main())
