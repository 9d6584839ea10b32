"""Which parts are looked through for examples that stand in two of them."""

from __future__ import annotations

import numpy as np
import pytest

from netspec.library.data.columns import Ragged
from netspec.limits import LIMITS
from netspec.train.shared_examples import digest_rows, is_cheap


def test_large_data_are_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"x": np.zeros((100, 2), np.float32), "label": np.zeros(100, np.int32)}
    monkeypatch.setitem(LIMITS.__dict__, "compared_bytes", 2400)
    assert is_cheap(table, table)
    monkeypatch.setitem(LIMITS.__dict__, "compared_bytes", 2399)
    assert not is_cheap(table, table) and is_cheap(table)
    assert not is_cheap({"x": Ragged.of([[1], [2, 3]])})


def test_equal_examples_have_the_same_digest() -> None:
    table = {"x": np.arange(12.0).reshape(4, 3)[[0, 1, 0, 2]], "label": np.array([5, 5, 5, 6])}
    found = digest_rows(table)
    assert found[0] == found[2] and len(set(found)) == 3
