"""Series cut into windows, with what comes behind each as the target."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import NoSuchField
from netspec.diagnostics.data.sequences import NoWindow, UnevenRows
from netspec.lazy import np
from netspec.library.base import Array, Example, Positive, Transform
from netspec.library.base.field_bounds import BeforeValidator, Field, model_validator
from netspec.library.data.columns import Portion, Table, Values, rows_of
from netspec.record import record
from netspec.shape import Dim, TensorType


def _as_names(value: Any) -> Any:
    """One name, or several, as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


@record(eq=False)
class Windowed:
    """Pieces of a series, as long as each other, made when a batch needs them: the series is kept once, however many windows overlap."""

    values: Values
    """The series' rows."""
    starts: Array
    """i64[n]: the row with which each piece begins."""
    length: int

    def __len__(self) -> int:
        return len(self.starts)

    def rows(self, indices: Array) -> Array:
        places = self.starts[indices][:, None] + np.arange(self.length)
        rows = rows_of(self.values, places.reshape(-1))
        assert isinstance(rows, np.ndarray)
        return rows.reshape(len(indices), self.length, *rows.shape[1:])

    def select(self, indices: Array) -> Windowed:
        return Windowed(self.values, self.starts[indices], self.length)


class Windows(Transform):
    """Makes examples of a series whose rows follow each other in time: windows of `length` rows.

    Behind it every field has an axis more: `x: f32[B, 4]` is `x: f32[B, length, 4]`. The fields that `target` names hold the `horizon` rows
    behind the window instead: `load: f32[B]` is `load: f32[B, horizon]`; to see a target's past as well, let the dataset have the column
    in two fields. Windows begin every `stride` rows. With `series="engine"` the rows are of several series, one behind the other, and no
    window crosses from one to the next; that field then has one number for each window. Rows may only be set aside at the end,
    `split_by="time"`, or by a `group`, which takes a `series`: neighbours of a window in training would tell what is evaluated. No window
    reaches across rows that are set aside or left out.

    Rows are in the order of the file, or of the field that `split_by` names, those of each series together: then a file may begin with its
    newest rows, and to predict that field is needed as well. Where the target is not given, to predict, the windows reach to the last row.
    """

    whole = True
    in_order: ClassVar[bool] = True

    length: Positive
    """Rows in a window."""
    horizon: Annotated[int, Field(ge=0)] = 0
    """Rows behind the window that are to be predicted."""
    stride: Positive = 1
    """Rows from the beginning of a window to that of the next."""
    target: Annotated[tuple[str, ...], BeforeValidator(_as_names)] = ()
    """The field, or fields, that are to be predicted."""
    series: str | None = None
    """The field that says which series a row belongs to."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(length=24)), Example(cls(length=48, horizon=6, stride=2, target=("load",), series="engine")))

    @model_validator(mode="after")
    def _has_both(self) -> Windows:
        """A horizon and a target belong together."""
        if bool(self.horizon) != bool(self.target):
            missing = "`target`, which names the fields to predict" if self.horizon else "`horizon`, how many rows to predict"
            raise ValueError(f"{'`horizon`' if self.horizon else '`target`'} without {missing}")
        return self

    def reads(self) -> tuple[str, ...]:
        return () if self.series is None else (self.series,)

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The fields with an axis of time. Raises `Mistake` for a field that is not there, or whose rows differ in shape."""
        for argument in ("target", "series"):
            for name in _as_names(getattr(self, argument)) or ():
                if name not in fields:
                    raise Mistake(NoSuchField(field=name, fields=tuple(fields), blame=argument))
        uneven = next((n for n, kind in fields.items() if not all(dim.is_constant for dim in kind.shape[1:])), None)
        if uneven is not None:
            raise Mistake(UnevenRows(op=self.op_name(), field=uneven, type=str(fields[uneven])))
        return {name: self._type_of(name, kind) for name, kind in fields.items()}

    def _type_of(self, name: str, kind: TensorType) -> TensorType:
        """A field's type behind the cut."""
        if name == self.series:
            return kind
        length = self.horizon if name in self.target else self.length
        return TensorType(kind.dtype, (kind.shape[0], Dim.of(length), *kind.shape[1:]))

    def prepare(self, data: Table, folder: Path | None) -> Table:
        starts = self._starts(data)
        return {name: self._cut(name, values, starts) for name, values in data.items()}

    def _cut(self, name: str, values: Values, starts: Array) -> Any:
        """A field's pieces."""
        if name == self.series:
            return rows_of(values, starts)
        ahead = name in self.target
        return Windowed(values, starts + self.length if ahead else starts, self.horizon if ahead else self.length)

    def _starts(self, data: Mapping[str, Values]) -> Array:
        """Where windows begin. Raises `Mistake` where there is none."""
        count = len(next(iter(data.values())))
        needed = self.length + (self.horizon if any(name in data for name in self.target) else 0)
        names = np.asarray(data[self.series]) if self.series is not None and self.series in data else np.zeros(count, np.int8)
        bounds = [0, *(np.flatnonzero((names[1:] != names[:-1]) | _gaps(data, count)) + 1).tolist(), count]
        pieces = [np.arange(start, end - needed + 1, self.stride) for start, end in zip(bounds, bounds[1:], strict=False)]
        starts = np.concatenate(pieces).astype(np.int64)
        if not len(starts):
            longest = max(end - start for start, end in zip(bounds, bounds[1:], strict=False))
            raise Mistake(NoWindow(rows=longest, length=self.length, horizon=self.horizon))
        return starts


def _gaps(data: Mapping[str, Values], count: int) -> Array:
    """Between which rows others were taken out, bool[count - 1], as far as rows stand as in the file."""
    steps = np.diff(data.records) if isinstance(data, Portion) else np.ones(count - 1, np.int64)
    return steps > 1 if (steps > 0).all() else np.zeros(len(steps), bool)
