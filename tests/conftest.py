"""What every test shares: the strictest JAX, reproducible examples, and `--update`, which rewrites golden blocks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Read by JAX when it is first imported, which only tests that need it do.
os.environ.setdefault("JAX_NUMPY_RANK_PROMOTION", "raise")

settings.register_profile("default", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the expected blocks of golden tests with what they give now")


@pytest.fixture(scope="session")
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden tests rewrite their expected blocks."""
    return bool(request.config.getoption("--update"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout's folder."""
    return ROOT
