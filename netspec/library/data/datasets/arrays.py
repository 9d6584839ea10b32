"""Arrays that a person hands over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import ArraysNeeded
from netspec.diagnostics.data.files import MissingData
from netspec.library.base import Array, Dataset, Example
from netspec.library.base.field_bounds import model_validator
from netspec.library.data.datasets.data_file import find_beside
from netspec.library.data.datasets.user_data import FieldTypes, Fraction, Part, batch_types, choose_part, examples_of, require_part
from netspec.shape import TensorType

if TYPE_CHECKING:
    from pathlib import Path


class Arrays(Dataset):
    """Your own arrays: those of `program.fit({"x": x, "label": label})` from Python, or those in the file of `--data FILE.npz`.

    `fields` are the types of one example; a batch has the axis B before them. A symbol, as in `f32[T, 8]`, stands for a size that only the
    data know. `test=0.1`
    sets a tenth of the examples aside for the test part: those with the smallest hash of their index, the same ones in every run. Of the
    others a tenth is set aside for validation, unless `validation` or `fit(…, validation=…)` says something else.
    """

    origin = "your own arrays: `fit({…})` from Python, or `--data FILE.npz`"

    fields: FieldTypes
    """The type of each field of one example: `{x: f32[13], label: i32[]}`."""
    test: Fraction | None = None
    """The fraction of the examples that are set aside for the test part."""
    part: Part = "train"
    """Which part: "train" or "test", the examples set aside by `test`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        types = {"user": TensorType("i32"), "item": TensorType("i32"), "score": TensorType("f32")}
        return (Example(cls(fields=types, test=0.1)), Example(cls(fields={"x": TensorType("f32", (13,))})))

    @model_validator(mode="after")
    def _has_part(self) -> Arrays:
        """Checks that there is the part that `part` names."""
        require_part(self.test, self.part)
        return self

    def batch_types(self) -> dict[str, TensorType]:
        return batch_types(self.fields)

    def portion(self, count: int, data: Mapping[str, Any] | None = None) -> Array | None:
        return choose_part(self, count, data)

    def test_part(self) -> Dataset | None:
        return None if self.test is None or self.part == "test" else self.replaced(part="test")

    def load(self, folder: Path | None) -> dict[str, Array]:
        from netspec.library.data.datasets.npz_archive import read_archive

        types = self.batch_types()
        if folder is None or folder.is_dir():
            shown = tuple(f"{name}: {kind}" for name, kind in types.items())
            raise Mistake(ArraysNeeded(fields=shown, folder=str(folder) if folder else ""))
        if not folder.exists():
            beside = find_beside(folder.parent, folder.name)
            raise Mistake(MissingData(dataset=self.op_name(), file=folder.name, folders=(str(folder.parent),), beside=beside))
        return examples_of(read_archive(folder, types), self)
