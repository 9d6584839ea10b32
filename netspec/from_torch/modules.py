"""Reads the arrays of one PyTorch module by the names that it gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.lazy import np
from netspec.library.base import Array


class Absent(Exception):
    """A module lacks an array that its layer needs; the argument is the array's whole name."""


class Module:
    """Arrays of a state dict below a prefix. `read` collects the whole names of those that were asked for."""

    def __init__(self, arrays: Mapping[str, Any], prefix: str = "", suffix: str = "", read: set[str] | None = None) -> None:
        self._arrays, self._prefix = arrays, f"{prefix}." if prefix else ""
        self._suffix = suffix
        self.read: set[str] = set() if read is None else read

    def __contains__(self, name: str) -> bool:
        return self._prefix + name in self._arrays

    def __getitem__(self, name: str) -> Array:
        """An array as NumPy has it. Raises `Absent`."""
        whole = self._prefix + name
        if whole not in self._arrays:
            raise Absent(whole)
        self.read.add(whole)
        return np.asarray(self._arrays[whole])

    def get(self, *names: str) -> Array | None:
        """The first of these arrays that is there, or None."""
        return next((self[name] for name in names if name in self), None)

    def pass_over(self, *names: str) -> None:
        """Arrays that have no counterpart and need none."""
        self.read.update(self._prefix + name for name in names if name in self)

    def step(self, name: str) -> Array | None:
        """An array of a recurrence: of this layer and direction of `nn.LSTM`, or of an `nn.LSTMCell`, whose names have no suffix."""
        return self.get(name + self._suffix, name)

    def whole(self, name: str) -> str:
        """The name in the state dict of an array of a recurrence."""
        return self._prefix + name + self._suffix
