"""Helpers of the tests of shape rules."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.diagnostics.base import Mistake
from netspec.library.shelf import index
from netspec.shape import Dim
from tests.library.scope import parse

B, T = Dim.of("B"), Dim.of("T")


def operator(symbol: str, inputs: int = 2) -> Any:
    return index.load(index.operator(symbol, inputs))()


def typed(value: Any) -> Any:
    return parse(value) if isinstance(value, str) else value


def problem(run: Any) -> tuple[str, str | None]:
    with pytest.raises(Mistake) as caught:
        run()
    return caught.value.diagnostic.slug(), caught.value.diagnostic.blame
