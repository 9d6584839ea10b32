"""CIFAR-100, in the binary form that its makers publish, or in the one for Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from netspec.library.base import Dataset, Example
from netspec.library.data.datasets.cifar_files import CHANNELS, SIDE, Archive, load, names_of
from netspec.shape import TensorType

CLASSES, GROUPS = 100, 20
RECORDS = {"train": 50_000, "test": 10_000}
EVERYTHING = ("train.bin", "test.bin")
LABELS = (("coarse_labels", GROUPS), ("fine_labels", CLASSES))


class Cifar100(Dataset):
    """CIFAR-100: photographs of 32 by 32 points in 100 classes of 20 groups, 50,000 for training and 10,000 for test.

    Fields: `image` f32[B, 32, 32, 3] in 0..1 (red, green, blue), `label` i32[B], the class in alphabetical order of the names, and `coarse`
    i32[B], its group. The files `train.bin` and `test.bin` of the binary version lie in `cifar-100-binary` or `cifar100` within the data
    folder, or those of the version for Python, `train` and `test`, in `cifar-100-python` or `cifar100`. Pickles are read without calling
    anything that they name. A damaged file is an error that names the file and the record, counted from 0.
    """

    origin = "https://www.cs.toronto.edu/~kriz/cifar.html (the binary version or that for Python, unpacked)"
    pictures = True
    source = "Krizhevsky 2009, Learning multiple layers of features from tiny images"

    part: Literal["train", "test"] = "train"
    """Which part: "train" or "test"."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(part="test")))

    def fields(self) -> dict[str, TensorType]:
        number = TensorType("i32", ("B",))
        return {"image": TensorType("f32", ("B", SIDE, SIDE, CHANNELS)), "label": number, "coarse": number}

    def class_counts(self) -> dict[str, int]:
        return {"label": CLASSES, "coarse": GROUPS}

    def load(self, folder: Path | None) -> dict[str, Any]:
        images, (coarse, fine) = load(folder and Path(folder), self._archives, EVERYTHING, self.op_name())
        return {"image": images, "label": fine, "coarse": coarse}

    def test(self) -> Dataset | None:
        return Cifar100(part="test") if self.part == "train" else None

    def needs(self) -> tuple[tuple[str, ...], ...]:
        """The file of this part, in one of the two versions."""
        return names_of(self._archives)

    @property
    def _archives(self) -> tuple[Archive, ...]:
        """The two versions."""
        records = RECORDS[self.part]
        return (
            Archive(("cifar-100-binary", "cifar100"), (f"{self.part}.bin",), LABELS, records),
            Archive(("cifar-100-python", "cifar100"), (self.part,), LABELS, records, pickled=True),
        )
