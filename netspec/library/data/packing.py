"""Lays sequences into rows that several share. It works in NumPy, for millions of sequences."""

from __future__ import annotations

from collections import deque

from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import Ragged

BLOCK = 1 << 16
"""Sequences laid into their rows together."""


def fit_rows(lengths: Array, size: int) -> tuple[Array, Array, Array]:
    """(row, first place in it, number in it from 1) of each sequence, none longer than a row, taken in order.

    Each goes into the row with the least room that still takes it, the oldest of equals, or else begins a new row. Rows are looked up by
    their room: bit r of `open` says that there is a row with r places left.
    """
    waiting: list[deque[int]] = [deque() for _ in range(size + 1)]
    row, start, number = (np.empty(len(lengths), np.int64) for _ in range(3))
    held: list[int] = []
    open = 0
    for i, length in enumerate(lengths.tolist()):
        fits = open >> length
        if fits:
            room = length + (fits & -fits).bit_length() - 1
            chosen = waiting[room].popleft()
            open ^= 0 if waiting[room] else 1 << room
        else:
            room, chosen = size, len(held)
            held.append(0)
        held[chosen] += 1
        row[i], start[i], number[i] = chosen, size - room, held[chosen]
        if left := room - length:
            waiting[left].append(chosen)
            open |= 1 << left
    return row, start, number


def lay_rows(pieces: Ragged, row: Array, start: Array, number: Array, size: int) -> tuple[Array, Array, Array]:
    """(tokens i32, segments, positions), each [rows, size] with 0 for padding, of pieces that `fit_rows` has given places."""
    rows = int(row.max()) + 1 if len(row) else 0
    tokens, segment, position = np.zeros((rows, size), np.int32), *(np.zeros((rows, size), narrowest_dtype(size)) for _ in range(2))
    for first in range(0, len(row), BLOCK):
        part = slice(first, first + BLOCK)
        lengths = pieces.lengths[part]
        within = count_up(lengths)
        target = np.repeat(row[part] * size + start[part], lengths) + within
        tokens.reshape(-1)[target] = pieces.values[np.repeat(pieces.starts[part], lengths) + within]
        segment.reshape(-1)[target] = np.repeat(number[part], lengths)
        position.reshape(-1)[target] = within
    return tokens, segment, position


def lay_stream(sequences: Ragged, rows: int, size: int) -> tuple[Array, Array, Array]:
    """The same of sequences laid end to end and cut wherever a row ends; what lies behind the last row is left out."""
    tokens, position = np.empty(rows * size, np.int32), np.empty(rows * size, narrowest_dtype(size))
    ends = np.cumsum(sequences.lengths)
    place = 0
    for first in range(0, len(sequences), BLOCK):
        part = slice(first, first + BLOCK)
        lengths = sequences.lengths[part]
        within = count_up(lengths)
        count = min(len(within), len(tokens) - place)
        tokens[place : place + count] = sequences.values[np.repeat(sequences.starts[part], lengths) + within][:count]
        where = np.arange(place, place + count)
        begun = np.maximum(np.repeat(ends[part] - lengths, lengths)[:count], where // size * size)
        position[place : place + count] = where - begun
        place += count
    shape = (rows, size)
    segment = np.cumsum((position == 0).reshape(shape), axis=1).astype(narrowest_dtype(size))
    return tokens.reshape(shape), segment, position.reshape(shape)


def count_up(lengths: Array) -> Array:
    """0, 1, … within each sequence, end to end."""
    return np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def narrowest_dtype(size: int) -> Array:
    """The element type that holds 0 to `size` in the fewest bytes."""
    return np.min_scalar_type(size)
