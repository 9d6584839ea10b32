"""Polynomials that several tests of shapes use."""

from __future__ import annotations

from math import inf

from netspec.shape.bounds import Bounds
from netspec.shape.dims import ZERO, Dim

A, B, C, D, E, F, G, H, S, T, W, X, Y, Z = map(Dim.symbol, "ABCDEFGHSTWXYZ")


BOUNDS: Bounds = {"X": (-3, 5), "Y": (-inf, -2), "Z": (-inf, inf), "T": (2, 9)}


def powers(count: int) -> Dim:
    """1 + H + H**2 + …, so many terms."""
    total, power = ZERO, Dim.of(1)
    for _ in range(count):
        total, power = total + power, power * H
    return total
