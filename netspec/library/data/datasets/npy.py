"""Arrays in files of their own, which are mapped into memory: of one larger than memory only what a batch needs is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import BadArchive, BadValue
from netspec.diagnostics.data.files import UnreadableData
from netspec.diagnostics.data.records import NoRecords
from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.data.datasets.data_file import open_data
from netspec.library.data.datasets.npz_archive import convert_array, read_header, require_alike
from netspec.library.data.datasets.text_file import DataPath, find
from netspec.library.data.datasets.user_data import FieldTypes, Fraction, Part, batch_types, choose_part, examples_of, require_part
from netspec.record import record
from netspec.shape import TensorType


@record(eq=False)
class Mapped:
    """A field whose rows are read from the file, and checked, when a batch needs them."""

    values: Array
    kind: TensorType
    name: str
    path: Path

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, indices: Array) -> Array:
        """Raises `Mistake` with the first record whose value the field cannot hold."""
        try:
            return convert_array(np.asarray(self.values[indices]), self.kind, self.name, self.path)
        except Mistake:
            for index in indices.tolist():
                self._require(index)
            raise

    def _require(self, index: int) -> None:
        """Raises `Mistake` where the record is not what the field may hold."""
        try:
            convert_array(np.asarray(self.values[index : index + 1]), self.kind, self.name, self.path)
        except Mistake as mistake:
            found = mistake.diagnostic
            assert isinstance(found, BadValue)
            where = f"record {index} (counted from 0)"
            raise Mistake(BadValue(file=found.file, where=where, value=found.value, column=found.column, wanted=found.wanted)) from None


class Npy(Dataset):
    """Your own arrays in files of the data folder that `numpy.save` wrote, one for each field: `x.npy` for the field `x`.

    `fields` are the types of one example; in the files an axis that counts examples stands before them, of the same size in all. Elements
    must be of the same kind (floats, whole numbers or truth values); their width may differ. The files are mapped into memory, not read, so
    that they may be larger than it; a value that is no finite number, or too large for its field, is an error when its batch is made, and
    names the file and the record, counted from 0. `test` is the fraction of the examples that are set aside for the test part: those with
    the smallest hash of their index. Python objects are never unpickled.
    """

    source = "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"

    fields: FieldTypes
    """The type of each field of one example: `{x: f32[13], label: i32[]}`."""
    files: dict[str, DataPath] = Field(default_factory=dict)
    """Fields whose files have other names than the field's with `.npy` behind it."""
    test: Fraction | None = None
    """The fraction of the examples that are set aside for the test part."""
    part: Part = "train"
    """Which part: "train" or "test"."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        houses = {"x": TensorType("f32", (13,)), "price": TensorType("f32")}
        return (Example(cls(fields=houses, test=0.1)), Example(cls(fields=houses, files={"x": "train/houses.npy"})))

    @model_validator(mode="after")
    def _makes_sense(self) -> Npy:
        """Refuses a part that is not there, and files of fields that are not."""
        require_part(self.test, self.part)
        if unknown := next((name for name in self.files if name not in self.fields), None):
            raise ValueError(f"`{unknown}` among `files`, which is not one of `fields`")
        return self

    def batch_types(self) -> dict[str, TensorType]:
        return batch_types(self.fields)

    def portion(self, count: int, data: Mapping[str, Any] | None = None) -> Array | None:
        return choose_part(self, count, data)

    def test_part(self) -> Dataset | None:
        return None if self.test is None or self.part == "test" else self.replaced(part="test")

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return tuple((self._file(name),) for name in self.fields)

    def load(self, folder: Path | None) -> dict[str, Any]:
        paths = {name: find(folder, self._file(name), self.op_name()) for name in self.fields}
        arrays, types = {name: map_array(path) for name, path in paths.items()}, self.batch_types()
        empty = next((name for name, array in arrays.items() if not len(array)), None)
        if empty is not None:
            raise Mistake(NoRecords(file=str(paths[empty])))
        require_alike(arrays, types, paths[next(iter(paths))].parent)
        found = {name: _column(array, types[name], name, paths[name]) for name, array in arrays.items()}
        return examples_of(found, self)

    def _file(self, name: str) -> str:
        """The file of a field."""
        return self.files.get(name, f"{name}.npy")


def _column(array: Array, kind: TensorType, name: str, path: Path) -> Any:
    """A field; one of single numbers, which other parts of a training look at, is read as a whole."""
    return convert_array(np.asarray(array), kind, name, path) if array.ndim == 1 else Mapped(array, kind, name, path)


def map_array(path: Path) -> Array:
    """The array of a file, mapped into memory. Raises `Mistake` where it is none."""
    try:
        with open_data(path) as file:
            dtype, by_columns, shape = read_header(file)
            count, start, size = 1, file.tell(), os.fstat(file.fileno()).st_size
            for n in shape:
                count *= n
            if not shape:
                raise ValueError("it is one number without an axis that counts examples")
            if count * dtype.itemsize != size - start:
                raise ValueError(f"its header promises {count * dtype.itemsize:,} bytes, but it has {size - start:,}")
            if not count:
                return np.zeros(shape, dtype)
            return np.memmap(file, dtype, "r", start, shape, "F" if by_columns else "C")
    except ValueError as error:
        raise Mistake(BadArchive(file=str(path), reason=str(error))) from None
    except OSError as error:
        raise Mistake(UnreadableData(file=str(path), reason=error.strerror or str(error))) from error
