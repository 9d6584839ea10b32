"""A process that trains: `python -m tests.train.worker RUN`. It resumes whatever stands there, and ends as `netspec train` does."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.train.runs import long, train

if __name__ == "__main__":
    raise SystemExit(train(Path(sys.argv[1]), long(), resume=True).stop.exit_code)
