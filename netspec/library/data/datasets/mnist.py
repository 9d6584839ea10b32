"""MNIST and the sets made in its format, such as Fashion-MNIST and KMNIST."""

from __future__ import annotations

from os.path import exists, join
from typing import TYPE_CHECKING, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.files import DataFolderNeeded, MissingData
from netspec.diagnostics.data.records import ImageSize, LabelOutOfRange, NoRecords, UnequalCounts
from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example
from netspec.shape import TensorType

if TYPE_CHECKING:
    from pathlib import Path  # which `check` has no use for, nor for what reads the files

SIDE, CLASSES = 28, 10
FOLDERS = ("", "mnist", "fashion-mnist")
"""Where the files may lie within the data folder; the first folder that has one of them is used."""
PREFIX = {"train": "train", "test": "t10k"}


class Mnist(Dataset):
    """Images of 28 by 28 points in 10 classes: MNIST, or another set in its files, such as Fashion-MNIST.

    Fields: `image` f32[B, 28, 28, 1] in 0..1 and `label` i32[B]. The four files `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
    `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte` (with a dot instead of the last hyphen as well, plain or .gz) lie in the data
    folder, or in `mnist` or `fashion-mnist` within it. A damaged file is an error that names the file and the record, counted from 0.
    """

    origin = "https://ossci-datasets.s3.amazonaws.com/mnist/ (MNIST) or https://github.com/zalandoresearch/fashion-mnist"
    pictures = True
    source = "LeCun, Cortes and Burges 1998, The MNIST database of handwritten digits"

    part: Literal["train", "test"] = "train"
    """Which part: "train" or "test"."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(part="test")))

    def fields(self) -> dict[str, TensorType]:
        return {"image": TensorType("f32", ("B", SIDE, SIDE, 1)), "label": TensorType("i32", ("B",))}

    def class_counts(self) -> dict[str, int]:
        return {"label": CLASSES}

    def load(self, folder: Path | None) -> dict[str, Array]:
        from pathlib import Path

        from netspec.library.data.datasets.idx import IMAGES, LABELS, read_idx

        if folder is None:
            raise Mistake(DataFolderNeeded(dataset=self.op_name()))
        images_file, labels_file = (self._find(Path(folder), self.part, kind) for kind in ("images-idx3", "labels-idx1"))
        images, labels = read_idx(images_file, IMAGES), read_idx(labels_file, LABELS)
        self._check(images_file, images, labels_file, labels)
        return {"image": np.divide(images, np.float32(255), dtype=np.float32)[..., None], "label": labels.astype(np.int32)}

    def test(self) -> Dataset | None:
        return Mnist(part="test") if self.part == "train" else None

    def needs(self) -> tuple[tuple[str, ...], ...]:
        """The two files of this part; each of `FOLDERS` may have them."""
        kinds = ("images-idx3", "labels-idx1")
        return tuple(tuple(join(home, name) for home in FOLDERS for name in _names(self.part, kind)) for kind in kinds)

    def _find(self, folder: Path, part: str, kind: str) -> Path:
        """The file of this part and kind. Raises `Mistake` when it is missing."""
        home = next((folder / name for name in FOLDERS if any(map(exists, _all_files(folder / name)))), None)
        wanted = _names(part, kind)
        for name in wanted:
            if home is not None and exists(home / name):
                return home / name
        places = (home,) if home is not None else tuple(folder / name for name in FOLDERS)
        raise Mistake(MissingData(dataset=self.op_name(), file=wanted[0], folders=tuple(map(str, places)), accepted=wanted[1:]))

    def _check(self, images_file: Path, images: Array, labels_file: Path, labels: Array) -> None:
        """Raises `Mistake` for images of another size, or another number of labels."""
        found = (images.shape[1], images.shape[2])
        if found != (SIDE, SIDE):
            raise Mistake(ImageSize(dataset=self.op_name(), file=str(images_file), found=found, expected=(SIDE, SIDE)))
        if not len(images):
            raise Mistake(NoRecords(file=str(images_file)))
        if len(images) != len(labels):
            one, other = str(images_file), str(labels_file)
            raise Mistake(UnequalCounts(file=one, records=len(images), other=other, other_records=len(labels)))
        wrong = np.flatnonzero(labels >= CLASSES)
        if len(wrong):
            record = int(wrong[0])
            raise Mistake(LabelOutOfRange(file=str(labels_file), record=record, label_found=int(labels[record]), classes=CLASSES))


def _names(part: str, kind: str) -> tuple[str, ...]:
    """The names under which the file is published."""
    plain = (f"{PREFIX[part]}-{kind}-ubyte", f"{PREFIX[part]}-{kind.replace('-', '.')}-ubyte")
    return plain + tuple(f"{name}.gz" for name in plain)


def _all_files(folder: Path) -> list[Path]:
    """Every file of both parts, as a message lists them."""
    return [folder / name for part in PREFIX for kind in ("images-idx3", "labels-idx1") for name in _names(part, kind)]
