"""Which cases of a law the README's test command tries: some of each family. The others are marked slow, and `.ci/run` tries them all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def thin(cases: Iterable[Any], keep: int) -> list[Any]:
    """The cases for a parametrization: one of `keep` is quick, in the order in which they come."""
    return [case if n % keep == 0 else pytest.param(case, marks=pytest.mark.slow) for n, case in enumerate(cases)]
