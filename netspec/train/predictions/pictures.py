"""Reads pictures in files as the field of images that a run's dataset has."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.records import ImageSize
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.library.base import Array, Dataset
from netspec.library.data.columns import Lazy
from netspec.library.data.datasets.image_file import read_image
from netspec.shape import TensorType
from netspec.train.predictions.examples import Examples


def picture_field(dataset: Dataset, fields: Mapping[str, TensorType]) -> str | None:
    """The field that a picture fills, f32[B, H, W, 1 or 3], where it is all that is needed."""
    if not dataset.pictures or len(fields) != 1:
        return None
    [(name, kind)] = fields.items()
    return name if kind.rank == 4 and kind.shape[3].is_constant and kind.shape[3].value in (1, 3) else None


def read_pictures(dataset: Dataset, fields: Mapping[str, TensorType], files: Sequence[str]) -> Examples:
    """The pictures, each read when it is predicted."""
    [(name, kind)] = fields.items()
    pillow = _pillow()
    sized = all(side.is_constant for side in kind.shape[1:3])
    column = Lazy(len(files), lambda index: _read(pillow, dataset, kind, files[index]), stacked=sized)
    return Examples({name: column}, {"file": files})


def _read(pillow: Any, dataset: Dataset, kind: TensorType, file: str) -> Array:
    """One picture. Raises `Mistake` where it has not the one size that the dataset has."""
    image, _ = read_image(pillow, file, kind.shape[3].value, dataset.background_of_pictures())
    wanted = kind.shape[1:3]
    if any(side.is_constant and side.value != size for side, size in zip(wanted, image.shape, strict=False)):
        expected = (wanted[0].value, wanted[1].value)
        raise Mistake(ImageSize(dataset=dataset.op_name(), file=file, found=(image.shape[0], image.shape[1]), expected=expected))
    return image


def _pillow() -> Any:
    """The package that reads pictures. Raises `Mistake` with how to install it."""
    try:
        return importlib.import_module("PIL.Image")
    except ImportError:
        raise Mistake(PackageNeeded(op="predict", package="pillow", extra="image")) from None
