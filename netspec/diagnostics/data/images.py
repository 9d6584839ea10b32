"""Defines the problems of images: transforms that do not fit them, folders and files that do not hold them. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest
from netspec.record import record
from netspec.shape import TensorType


@record(kw_only=True)
class FieldNotImages(Diagnostic):
    """A transform of images is used on a field that has none: images are `[B, H, W, C]`."""

    op: str
    field: str
    type: TensorType

    def message(self) -> str:
        return f"`{self.op}` works on images [B, H, W, C], but `{self.field}` is {self.type}."


@record(kw_only=True)
class NotColours(Diagnostic):
    """A transform of colours is used on images that have neither one channel (gray) nor three (red, green and blue)."""

    op: str
    field: str
    type: TensorType

    def message(self) -> str:
        return f"`{self.op}` changes gray images or red, green and blue, but `{self.field}` is {self.type}."


@record(kw_only=True)
class ImageTooSmall(Diagnostic):
    """A piece that is to be cut out of images is larger than they are."""

    op: str
    found: tuple[str, ...]
    """Height and width of the images."""
    wanted: tuple[int, int]
    pad: int = 0

    def message(self) -> str:
        found, wanted = "x".join(self.found), "x".join(map(str, self.wanted))
        padded = f" and {self.pad} more on each side" if self.pad else ""
        return f"`{self.op}` cuts {wanted} points, but the image has {found}{padded}."

    def help(self) -> str | None:
        if self.op == "random_crop":
            return "cut a smaller piece, or add points around the image: `pad=…`"
        return "cut a smaller piece, or let it be resized: `share=1.0`" if self.op == "center_crop" else None


@record(kw_only=True)
class NoClassFolders(Diagnostic):
    """A folder of images has one sub-folder for each class, and this one has none."""

    folder: str

    def message(self) -> str:
        return f"`{self.folder}` has no sub-folders, one for each class."

    def help(self) -> str | None:
        return "put the images of each class into a folder of its own"


@record(kw_only=True)
class UnknownClass(Diagnostic):
    """The data of an evaluation have a class that the training data do not have, so there is no number for it."""

    folder: str
    name: str
    known: tuple[str, ...]

    def message(self) -> str:
        near = nearest(self.name, self.known)
        hint = f"; {did_you_mean(near)}" if near else "."
        return f"`{self.folder}` has the class `{self.name}`, which the training data do not have{hint}"


@record(kw_only=True)
class TooManyClasses(Diagnostic):
    """The data have more classes than the spec says."""

    dataset: str
    folder: str
    found: int
    size: int

    def message(self) -> str:
        return f"`{self.folder}` has {self.found} classes, but `{self.dataset}` may have {self.size} (`size={self.size}`)."

    def help(self) -> str | None:
        return f"write `size={self.found}`, and give the model as many classes"


@record(kw_only=True)
class CorruptImage(Diagnostic):
    """A file among the images of a dataset cannot be read as an image: it is damaged, cut off, or of a kind that is not known."""

    file: str
    reason: str

    def message(self) -> str:
        return f"`{self.file}` cannot be read as an image: {self.reason}."

    def help(self) -> str | None:
        return "copy the file again, or take it away"


@record(kw_only=True)
class ImageNotTaken(Diagnostic):
    """A picture holds something that nobody could turn into colours in 0..1 without guessing: a scale that is not said, transparent pixels
    without anything behind them, several pictures in one file. The page of `image_folder` has a table of what is taken and how."""

    file: str
    holds: str
    instead: str

    def message(self) -> str:
        return f"`{self.file}` holds {self.holds}: they are not taken for colours in 0..1."

    def help(self) -> str | None:
        return self.instead
