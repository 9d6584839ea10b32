"""Photographs in a folder, one sub-folder for each class."""

from __future__ import annotations

import importlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.files import DataFolderNeeded, MissingData, UnreadableData
from netspec.diagnostics.data.images import NoClassFolders, TooManyClasses, UnknownClass
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example, Learned, Positive, require_texts
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.data.columns import Lazy
from netspec.library.data.datasets.data_file import find_beside
from netspec.library.data.datasets.image_file import read_image
from netspec.library.data.datasets.text_file import DataPath
from netspec.limits import LIMITS
from netspec.record import record
from netspec.shape import TensorType

if TYPE_CHECKING:
    from netspec.library.data.datasets.image_file import Picture

ENDINGS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})
CLASSES = "classes"
Shade = Annotated[float, Field(ge=0, le=1)]


class ImageFolder(Dataset):
    """Images in the files of a folder, one sub-folder for each class: the form in which ImageNet and many others come.

    Fields: `image` f32[B, H, W, 3] in 0..1 (red, green, blue), each image in its own size, so that the chain must bring them to one
    (`random_resized_crop(224)`, `center_crop(224, share=0.875)`), and `label` i32[B]: the place of the sub-folder's name among all in
    alphabetical order. Files are read when a batch needs them: .jpg, .png, .webp, .bmp, .gif, .tif, .ppm, also in folders further down;
    others are left out, and names that begin with a dot. The data of an evaluation get the numbers that the training data gave to the
    names. The package `pillow` is needed (`pip install netspec-jax[image]`). A file that cannot be read as an image is an error that
    names it.

    What a file says of its pixels is honoured or refused with the file's name; `netspec data m.net --data DIR` prints what the files hold.

    | a file says | what becomes of it |
    | --- | --- |
    | 1, 2, 4 or 8 bits | divided by the largest number of so many bits |
    | 16 bits (PNG, TIFF, PGM), 12 bits (TIFF) | divided by 65535, and by 4095; a PPM of 16-bit colours is refused |
    | floats (TIFF) | as they are; refused where one is not in 0..1 |
    | whole numbers with a sign, or of 32 bits | refused: nothing says their scale |
    | gray | with `channels=3` three times the same |
    | colour | with `channels=1` 0.299 red + 0.587 green + 0.114 blue |
    | a palette | looked up |
    | alpha, one transparent colour or palette entry | dropped where nothing is transparent; else laid on `background` or refused |
    | CMYK | by its profile, or (1 - ink) (1 - black) |
    | CIE Lab and others | refused |
    | orientation (Exif, TIFF), all 8 | turned as it is to be looked at |
    | a colour profile (ICC) | brought into sRGB, refused on more than 8 bits; one for other pixels (RGB on gray) is passed over |
    | gamma (PNG) | brought into sRGB |
    | other primaries (PNG: `cHRM`, `cICP`; Exif: Adobe RGB) without a profile | refused |
    | several pictures: an animation, pages | refused; a camera's preview behind its picture (MPO) is left out |
    """

    extra = "image"
    pictures = True
    later_arguments: ClassVar[tuple[str, ...]] = ("channels", "background")

    folder: DataPath
    """The folder of the classes, relative to the data folder."""
    size: Positive | None = None
    """How many classes there may be; data that have more are refused. Any number when left out."""
    channels: Positive = 3
    """3: red, green and blue. 1: gray."""
    background: Shade | Annotated[tuple[Shade, Shade, Shade], Field(strict=False)] | None = None
    """What shines through where a picture is transparent: a gray level in 0..1, or red, green and blue. Refused when left out."""

    @model_validator(mode="after")
    def _gray_or_colour(self) -> ImageFolder:
        """Checks that there are 1 or 3 channels."""
        if self.channels not in (1, 3):
            raise ValueError("channels are 1 for gray or 3 for red, green and blue")
        return self

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(folder="train")),
            Example(cls(folder="imagenet/val", size=1000)),
            Example(cls(folder="scans", channels=1, background=1.0)),
        )

    def fields(self) -> dict[str, TensorType]:
        return {"image": TensorType("f32", ("B", "H", "W", self.channels)), "label": TensorType("i32", ("B",))}

    def load(self, folder: Path | None) -> dict[str, Any]:
        return self.learn(folder, None)[0]

    def learn(self, folder: Path | None, known: Learned | None) -> tuple[dict[str, Any], Learned]:
        """The images, and the names of the classes in the order of their numbers."""
        if folder is None:
            raise Mistake(DataFolderNeeded(dataset=self.op_name()))
        self._pillow()
        home = Path(folder) / self.folder
        found = self._classes(home, Path(folder))
        names = list(known[CLASSES]) if known is not None else found
        if strange := next((name for name in found if name not in names), None):
            raise Mistake(UnknownClass(folder=str(home), name=strange, known=tuple(names)))
        files = [(file, names.index(name)) for name in found for file in _images(home / name)]
        images = Lazy(len(files), Pictures(self, tuple(file for file, _ in files)))
        return {"image": images, "label": np.array([label for _, label in files], np.int32)}, {CLASSES: names}

    def require_learned(self, known: Learned) -> None:
        require_texts(known, lists=(CLASSES,))
        if self.size is not None and len(known[CLASSES]) > self.size:
            raise ValueError(f"`{CLASSES}` holds {len(known[CLASSES])} names, more than `size={self.size}`")

    def class_counts(self) -> dict[str, int]:
        return {} if self.size is None else {"label": self.size}

    def class_names(self, known: Learned) -> dict[str, Any]:
        return {"label": known[CLASSES]} if CLASSES in known else {}

    def background_of_pictures(self) -> tuple[float, ...]:
        shade = self.background
        return () if shade is None else shade if isinstance(shade, tuple) else (shade,)

    def describe_files(self, folder: Path) -> Iterator[str]:
        """What some of the pictures hold, spread evenly over all: how many are of which kind, and what is done to them."""
        home = Path(folder) / self.folder
        files = [file for name in self._classes(home, Path(folder)) for file in _images(home / name)]
        looked = files[:: -(-len(files) // LIMITS.described_images)]
        seen: Counter[str] = Counter()
        refused: list[str] = []
        for file in looked:
            try:
                picture = self.read(file)[1]
            except Mistake as mistake:
                refused.append(mistake.diagnostic.message())
            else:
                seen[", ".join([picture.kind, *picture.notes])] += 1
        of = f" of {len(files):,}" if len(looked) < len(files) else ""
        yield f"{len(looked):,}{of} pictures looked at"
        yield from (f"{count:,} x {kind}" for kind, count in seen.most_common())
        if refused:
            yield f"{len(refused):,} refused: {refused[0]}"

    def read(self, file: str) -> tuple[Array, Picture]:
        """The picture in a file, and what the file holds of it. Raises `Mistake`."""
        shade = self.background
        background = () if shade is None else shade if isinstance(shade, tuple) else (shade,)
        return read_image(self._pillow(), file, self.channels, background)

    def _classes(self, home: Path, folder: Path) -> list[str]:
        """Names of the sub-folders. Raises `Mistake` when there are none, or more than `size`."""
        if not home.is_dir():
            beside = find_beside(folder, self.folder)
            raise Mistake(MissingData(dataset=self.op_name(), file=self.folder, folders=(str(folder),), beside=beside))
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


@record
class Pictures:
    """What reads the pictures of a folder; it can be sent to worker processes."""

    dataset: ImageFolder
    files: tuple[str, ...]

    def __call__(self, index: int) -> Array:
        return self.dataset.read(self.files[index])[0]


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


def find_images(folder: Path) -> list[str]:
    """The image files of a folder and those below it, in the order of their names. Raises `Mistake` when there are none."""
    return _images(folder)
