"""Arrays in a file of the data folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.files import DataFolderNeeded, MissingData
from netspec.library.base import Array, Dataset, Example
from netspec.library.base.field_bounds import model_validator
from netspec.library.data.datasets.data_file import find_beside
from netspec.library.data.datasets.text_file import DataPath
from netspec.library.data.datasets.user_data import FieldTypes, Fraction, Part, batch_types, choose_part, examples_of, require_part
from netspec.shape import TensorType

if TYPE_CHECKING:
    from pathlib import Path


class Npz(Dataset):
    """Your own arrays in a file of the data folder that `numpy.savez` wrote, one array for each field and of its name.

    `fields` are the types of one example; in the file an axis that counts examples stands before them. Elements must be of the same kind
    (floats, whole numbers or truth values); their width may differ. `test` is a second file, or the fraction of the examples that are set
    aside for the test part: those with the smallest hash of their index, the same ones in every run. Other arrays are left alone. Python
    objects are never unpickled, and a file that unpacks to more than 100 times its size is refused. An error names the file, the
    array and, for a bad value, the record, counted from 0.
    """

    source = "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"

    file: DataPath
    """The file's path in the data folder."""
    fields: FieldTypes
    """The type of each field of one example: `{x: f32[13], label: i32[]}`."""
    test: Fraction | DataPath | None = None
    """The test part: a second file, or a fraction of the examples."""
    part: Part = "train"
    """Which part: "train" or "test"."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        houses = {"x": TensorType("f32", (13,)), "price": TensorType("f32")}
        digits = {"image": TensorType("f32", (8, 8, 1)), "label": TensorType("i32")}
        return (Example(cls(file="houses.npz", fields=houses, test=0.1)), Example(cls(file="a.npz", fields=digits, test="b.npz")))

    @model_validator(mode="after")
    def _has_part(self) -> Npz:
        """Checks that there is the part that `part` names."""
        require_part(self.test, self.part)
        return self

    def batch_types(self) -> dict[str, TensorType]:
        return batch_types(self.fields)

    def portion(self, count: int, data: Mapping[str, Any] | None = None) -> Array | None:
        return choose_part(self, count, data)

    def test_part(self) -> Dataset | None:
        return None if self.test is None or self.part == "test" else self.replaced(part="test")

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return ((self._name,),)

    def load(self, folder: Path | None) -> dict[str, Array]:
        from netspec.library.data.datasets.npz_archive import read_archive

        if folder is None:
            raise Mistake(DataFolderNeeded(dataset=self.op_name()))
        if not (folder / self._name).exists():
            beside = find_beside(folder, self._name)
            raise Mistake(MissingData(dataset=self.op_name(), file=self._name, folders=(str(folder),), beside=beside))
        return examples_of(read_archive(folder / self._name, self.batch_types()), self)

    @property
    def _name(self) -> str:
        """The file of this part."""
        return self.test if self.part == "test" and isinstance(self.test, str) else self.file
