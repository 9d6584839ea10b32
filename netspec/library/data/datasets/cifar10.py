"""CIFAR-10, in the binary form that its makers publish, or in the one for Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from netspec.library.base import Dataset, Example
from netspec.library.data.datasets.cifar_files import CHANNELS, SIDE, Archive, load, names_of
from netspec.shape import TensorType

CLASSES, RECORDS = 10, 10_000
FILES = {"train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test": ("test_batch.bin",)}
EVERYTHING = tuple(name for files in FILES.values() for name in files)
LABELS = (("labels", CLASSES),)


class Cifar10(Dataset):
    """CIFAR-10: photographs of 32 by 32 points in 10 classes, 50,000 for training and 10,000 for test.

    Fields: `image` f32[B, 32, 32, 3] in 0..1 (red, green, blue) and `label` i32[B]: airplane, automobile, bird, cat, deer, dog, frog,
    horse, ship, truck. The files `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin` of the binary version
    (`cifar-10-binary.tar.gz`, unpacked) lie in the data folder, or in `cifar-10-batches-bin` or `cifar10` within it; or those of the
    version for Python, without `.bin`, there or in `cifar-10-batches-py`. Their pickles are read by a reader that knows numbers, texts and
    arrays, calls nothing that a file names, and refuses the rest. A damaged file is an error that names the file and the record, counted
    from 0.
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
        return {"image": TensorType("f32", ("B", SIDE, SIDE, CHANNELS)), "label": TensorType("i32", ("B",))}

    def class_counts(self) -> dict[str, int]:
        return {"label": CLASSES}

    def load(self, folder: Path | None) -> dict[str, Any]:
        images, (labels,) = load(folder and Path(folder), self._archives, EVERYTHING, self.op_name())
        return {"image": images, "label": labels}

    def test(self) -> Dataset | None:
        return Cifar10(part="test") if self.part == "train" else None

    def needs(self) -> tuple[tuple[str, ...], ...]:
        """The files of this part, in one of the two versions."""
        return names_of(self._archives)

    @property
    def _archives(self) -> tuple[Archive, ...]:
        """The two versions."""
        files = FILES[self.part]
        plain = tuple(name.removesuffix(".bin") for name in files)
        return (
            Archive(("", "cifar-10-batches-bin", "cifar10"), files, LABELS, RECORDS),
            Archive(("", "cifar-10-batches-py", "cifar10"), plain, LABELS, RECORDS, pickled=True),
        )
