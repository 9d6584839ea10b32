"""Sequences of different length made fit for batches: grouped by length, or packed into rows of one length."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.sequences import BoundsNotAscending, NoFullRow, NoSequences, SequenceTooLong
from netspec.lazy import np
from netspec.library.base import Array, Example, Positive, Transform
from netspec.library.base.field_bounds import BeforeValidator
from netspec.library.data.columns import LENGTH, Narrow, Ragged, Table, select
from netspec.library.data.packing import fit_rows, lay_rows, lay_stream
from netspec.library.data.transforms.steps import as_tuple
from netspec.shape import Dim, TensorType

Bounds = Annotated[tuple[Positive, ...], BeforeValidator(as_tuple)]


def sequence_fields(op: Transform, fields: Mapping[str, TensorType]) -> list[str]:
    """The fields that hold sequences: more than one axis, the second of no fixed size. Raises `Mistake` when there is none."""
    found = [name for name, kind in fields.items() if kind.rank > 1 and not kind.shape[1].is_constant]
    if LENGTH not in fields or not found:
        raise Mistake(NoSequences(op=op.op_name(), fields=tuple(f"{n}: {t}" for n, t in fields.items())))
    return found


class BucketByLength(Transform):
    """Groups examples by length: a batch holds examples of one bucket, and its sequences are padded with 0 to the bucket's bound.

    A sequence belongs to the first bucket that holds it. With `shuffle` the batches of all buckets are mixed, by the seed and the epoch;
    without, they come in the order in which they fill up. Training leaves out what does not fill a batch of its bucket (unless `batch`
    pads), evaluation counts every example once.
    """

    whole = True
    arranges = True
    groups = True

    bounds: Bounds
    """The longest sequence of each bucket, ascending: `[16, 32, 64]`."""
    longer: Literal["error", "drop", "cut"] = "error"
    """What happens to an example longer than the last bound: it is an "error", left out ("drop"), or "cut" to that length."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(bounds=(16, 32, 64))), Example(cls(bounds=(128,), longer="cut")))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The fields as they are. Raises `Mistake` when none are sequences, or the bounds do not ascend."""
        if not self.bounds or any(a >= b for a, b in zip(self.bounds, self.bounds[1:], strict=False)):
            raise Mistake(BoundsNotAscending(bounds=self.bounds, blame="bounds"))
        sequence_fields(self, fields)
        return fields

    def prepare(self, data: Table, folder: Path | None) -> Table:
        lengths, last = np.asarray(data[LENGTH]), self.bounds[-1]
        long = np.flatnonzero(lengths > last)
        if not len(long):
            return data
        if self.longer == "error":
            first = int(long[0])
            raise Mistake(SequenceTooLong(record=first, length=int(lengths[first]), limit=last, count=len(long)))
        if self.longer == "drop":
            return select(data, np.flatnonzero(lengths <= last))
        return {name: _cut_values(name, values, last) for name, values in data.items()}


def _cut_values(name: str, values: Any, length: int) -> Any:
    """The values of no more than so many elements; lengths are cut with them."""
    if name == LENGTH:
        return np.minimum(values, length)
    return values.cut(length) if hasattr(values, "cut") else values


class Pack(Transform):
    """Puts several sequences of tokens into one row of fixed length, so that little of a batch is padding.

    Fields behind it: `tokens` i32[B, length], `segment` i32[B, length] (1 for the first sequence of a row, 2 for the next …) and `position`
    i32[B, length] (0, 1, … within each sequence); padding is 0 in all three. With `fill="whole"` sequences stay whole: each in turn goes
    into the row with the least room that still takes it, the oldest of equals; one longer than a row is split into pieces of `length`
    first, and no token is lost. With `fill="stream"` sequences are laid end to end, cut wherever a row ends, and the tokens that do not
    fill the last row are left out: no padding, one segment for each piece. Examples are counted in rows from here on.
    """

    whole = True
    arranges = True

    length: Positive
    """Tokens in a row."""
    fill: Literal["whole", "stream"] = "whole"
    """Whether sequences stay "whole", with padding behind them, or are one "stream" that fills every row."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(length=128)), Example(cls(length=1024, fill="stream")))

    @property
    def mingles(self) -> bool:
        return self.fill == "whole"  # a stream is meant to be read on

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """`tokens`, `segment` and `position`. Raises `Mistake` when there are no tokens, or other sequences beside them."""
        others = [n for n in sequence_fields(self, fields) if n not in ("tokens", "segment", "position")]
        if "tokens" not in fields or others:
            raise Mistake(NoSequences(op=self.op_name(), fields=tuple(f"{n}: {t}" for n, t in fields.items()), wanted="tokens"))
        return {name: TensorType("i32", (Dim.symbol("B"), self.length)) for name in ("tokens", "segment", "position")}

    def prepare(self, data: Table, folder: Path | None) -> Table:
        tokens = data["tokens"]
        assert isinstance(tokens, Ragged)
        tokens = tokens.select(np.flatnonzero(tokens.lengths))
        if self.fill == "stream":
            return self._streamed(tokens)
        pieces = split(tokens, self.length)
        row, start, number = fit_rows(pieces.lengths, self.length)
        return self._table(*lay_rows(pieces, row, start, number, self.length))

    def _streamed(self, tokens: Ragged) -> Table:
        """Rows that sequences fill end to end. Raises `Mistake` when there is not one whole row."""
        total = int(tokens.lengths.sum())
        rows = total // self.length
        if not rows:
            raise Mistake(NoFullRow(tokens=total, length=self.length))
        return self._table(*lay_stream(tokens, rows, self.length))

    def _table(self, tokens: Array, segment: Array, position: Array) -> Table:
        """The fields of packed rows."""
        return {"tokens": tokens, "segment": Narrow(segment, np.dtype(np.int32)), "position": Narrow(position, np.dtype(np.int32))}


def split(tokens: Ragged, length: int) -> Ragged:
    """The sequences, those that are longer than `length` in pieces of that length (the last piece may be shorter)."""
    counts = np.maximum(-(-tokens.lengths // length), 1)
    which = np.repeat(np.arange(len(tokens)), counts)
    offset = (np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)) * length
    return Ragged(tokens.values, tokens.starts[which] + offset, np.minimum(tokens.lengths[which] - offset, length))
