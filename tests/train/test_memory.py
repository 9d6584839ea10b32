"""A long training holds no more memory at its end than near its beginning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.train.growth import Report


@pytest.mark.slow
def test_two_thousand_steps_hold_no_more_than_the_first_hundreds(root: Path) -> None:
    """In a process of its own, whose memory no other test has grown. By hand `python -m tests.soak memory --whole` takes 10,000."""
    done = subprocess.run([sys.executable, "-m", "tests.soak", "memory", "--count", "2000"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_memory_that_grows_is_reported() -> None:
    flat, growing = Report([(k, 100.0) for k in range(1, 101)], 100), Report([(k, 100.0 + k) for k in range(1, 101)], 100)
    assert flat.wrong == [] and growing.wrong == [f"{growing.growth:.1%} more at the end"]
