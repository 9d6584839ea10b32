"""Photographs in a folder, one sub-folder for each class."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.files import DataFolderNeeded, MissingData, UnreadableData
from netspec.diagnostics.data.images import CorruptImage, NoClassFolders, TooManyClasses, UnknownClass
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example, Learned, Positive, require_texts
from netspec.library.data.columns import Lazy
from netspec.library.data.datasets.data_file import open_data
from netspec.library.data.datasets.pixels import to_floats
from netspec.library.data.datasets.text_file import DataPath
from netspec.shape import TensorType

ENDINGS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
CLASSES = "classes"


class ImageFolder(Dataset):
    """Images in the files of a folder, one sub-folder for each class: the form in which ImageNet and many others come.

    Fields: `image` f32[B, H, W, 3] in 0..1 (red, green, blue), each image in its own size, so that the chain must cut or resize them to
    one (`random_resized_crop(224)`), and `label` i32[B]: the place of the sub-folder's name among all in alphabetical order. Files are read
    when a batch needs them: .jpg, .png, .webp, .bmp, .gif, .tif, .ppm, also in folders further down; others are left out, and names that
    begin with a dot. The data of an evaluation get the numbers that the training data gave to the names. The package `pillow` is needed
    (`pip install netspec-jax[image]`). A file that cannot be read as an image is an error that names it.
    """

    folder: DataPath
    """The folder of the classes, relative to the data folder."""
    size: Positive | None = None
    """How many classes there may be; data that have more are refused. Any number when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(folder="train")), Example(cls(folder="imagenet/val", size=1000)))

    def fields(self) -> dict[str, TensorType]:
        return {"image": TensorType("f32", ("B", "H", "W", 3)), "label": TensorType("i32", ("B",))}

    def load(self, folder: Path | None) -> dict[str, Any]:
        return self.learn(folder, None)[0]

    def learn(self, folder: Path | None, known: Learned | None) -> tuple[dict[str, Any], Learned]:
        """The images, and the names of the classes in the order of their numbers."""
        if folder is None:
            raise Mistake(DataFolderNeeded(dataset=self.op_name()))
        pillow = self._pillow()
        home = Path(folder) / self.folder
        found = self._classes(home, Path(folder))
        names = list(known[CLASSES]) if known is not None else found
        if strange := next((name for name in found if name not in names), None):
            raise Mistake(UnknownClass(folder=str(home), name=strange, known=tuple(names)))
        files = [(file, names.index(name)) for name in found for file in _images(home / name)]
        images = Lazy(len(files), lambda index: _pixels(pillow, files[index][0]))
        return {"image": images, "label": np.array([label for _, label in files], np.int32)}, {CLASSES: names}

    def require_learned(self, known: Learned) -> None:
        require_texts(known, lists=(CLASSES,))
        if self.size is not None and len(known[CLASSES]) > self.size:
            raise ValueError(f"`{CLASSES}` holds {len(known[CLASSES])} names, more than `size={self.size}`")

    def class_names(self, known: Learned) -> dict[str, Any]:
        return {"label": known[CLASSES]} if CLASSES in known else {}

    def _classes(self, home: Path, folder: Path) -> list[str]:
        """Names of the sub-folders. Raises `Mistake` when there are none, or more than `size`."""
        if not home.is_dir():
            raise Mistake(MissingData(dataset=self.op_name(), file=self.folder, folders=(str(folder),)))
        names = sorted(entry.name for entry in _entries(home) if entry.is_dir())
        if not names:
            raise Mistake(NoClassFolders(folder=str(home)))
        if self.size is not None and len(names) > self.size:
            raise Mistake(TooManyClasses(dataset=self.op_name(), folder=str(home), found=len(names), size=self.size))
        return names

    def _pillow(self) -> Any:
        """The package that reads pictures. Raises `Mistake` with how to install it."""
        try:
            return importlib.import_module("PIL.Image")
        except ImportError:
            raise Mistake(PackageNeeded(op=self.op_name(), package="pillow", extra="image")) from None


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder and has no hidden name. Raises `Mistake` where that cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise Mistake(UnreadableData(file=str(folder), reason=error.strerror or str(error))) from error


def _images(folder: Path) -> list[str]:
    """The image files of a class, in the order of their names. Raises `Mistake` when there are none."""
    found, folders = [], [folder]
    while folders:
        for entry in _entries(folders.pop()):
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            elif os.path.splitext(entry.name)[1].lower() in ENDINGS:
                found.append(entry.path)
    if not found:
        raise Mistake(NoRecords(file=str(folder)))
    return sorted(found)


def _pixels(pillow: Any, file: str) -> Array:
    """The image as f32[H, W, 3] in 0..1. Raises `Mistake` for a file that is no image."""
    try:
        with open_data(file) as content, pillow.open(content) as image:
            return to_floats(np.asarray(image.convert("RGB")))
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as error:
        reason = "it is not a known kind of image" if isinstance(error, pillow.UnidentifiedImageError) else str(error).rstrip(".")
        raise Mistake(CorruptImage(file=file, reason=reason)) from None
