"""Symbolic sizes among arguments become numbers."""

from __future__ import annotations

import numpy as np
import pytest

from netspec.library.functions.indexing import Cut, Slice
from netspec.library.functions.reshape import Reshape
from netspec.library.layers.conv import Conv
from netspec.library.shape_rules.size_binding import bind_sizes
from netspec.shape import Dim
from tests.library.scope import TestScope, applied

B, T = Dim.of("B"), Dim.of("T")
SIZES = {"B": 2, "T": 6}


def test_reshape() -> None:
    assert bind_sizes(Reshape(dims=[B, T // 2, -1]), SIZES) == Reshape(dims=(2, 3, -1))
    assert applied(bind_sizes(Reshape(dims=[B, T // 2, -1]), SIZES), TestScope(), np.zeros((2, 6, 4))).shape == (2, 3, 8)


def test_slice() -> None:
    op = Slice(items=[slice(None, T - 1), None, "...", -1, T // 3])
    assert bind_sizes(op, SIZES) == Slice(items=(Cut(None, 5), None, "...", -1, 2))


def test_an_op_without_dims_is_itself() -> None:
    op = Conv(features=3, kernel=(3, 3), padding=((1, 1), (0, 2)))
    assert bind_sizes(op, SIZES) is op


def test_an_unknown_symbol() -> None:
    with pytest.raises(KeyError):
        bind_sizes(Reshape(dims=[B, -1]), {"T": 3})
