"""Brings the colours of a picture into sRGB: by the profile that its file has, by its gamma, or from inks."""

from __future__ import annotations

import importlib
import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.datasets.pixels import to_floats

if TYPE_CHECKING:
    from netspec.library.data.datasets.image_file import Picture

SRGB_GAMMA = 1 / 2.2
"""What files in sRGB say in `gAMA`."""
SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
"""By Pillow's mode, what a profile of such pixels calls their space."""
STEPS = 8
"""A profile is sRGB itself where it moves no colour by more than this many of 255: sRGB's makers round it differently."""


def from_bytes(picture: Picture, image: Any) -> Array:
    """The pixels f32[H, W, 1 or 3] in sRGB of a gray or coloured image, or one of inks, in bytes."""
    name = find_profile(picture, image.mode)
    if name:
        picture.notes.append(f"brought from the profile `{name}` into sRGB")
        image = _transform(picture.image.info["icc_profile"], image.mode).apply(image)
    elif image.mode == "CMYK":
        picture.notes.append("inks taken as (1 - ink) (1 - black)")
        image = image.convert("RGB")
    array = to_floats(np.asarray(image))
    return array[..., None] if array.ndim == 2 else array


def need_srgb(picture: Picture, values: Array) -> Array:
    """The same pixels of more than 8 bits, which Pillow cannot bring into sRGB: refused with a profile of another space."""
    if name := find_profile(picture, "L" if values.shape[-1] < 3 else "RGB"):
        raise picture.refuse(f"more than 8 bits in the colour profile `{name}`", "save it in sRGB")
    return values


def find_profile(picture: Picture, mode: str) -> str:
    """The name of the profile that says what pixels of this mode mean; "" where they are in sRGB, or it is for other pixels.

    Refuses a profile that cannot be read.
    """
    said = picture.image.info.get("icc_profile")
    if not said:
        return ""
    profile = _read_profile(said)
    if profile is None:
        raise picture.refuse("a colour profile that cannot be read", "save it in sRGB")
    others = profile.profile.xcolor_space.strip() != SPACES[mode] or (mode != "CMYK" and _is_srgb(said, mode))
    return "" if others else profile.profile.profile_description or "without a name"


def from_gamma(picture: Picture, colours: Array, gamma: float | None) -> Array:
    """Colours whose file says x = light^gamma, in sRGB; alpha stays."""
    if not gamma or abs(gamma - SRGB_GAMMA) < 0.01 * SRGB_GAMMA:
        return colours
    picture.notes.append(f"brought from gamma {gamma:g} into sRGB")
    count = colours.shape[-1] - (colours.shape[-1] in (2, 4))
    light = colours[..., :count].astype(np.float64) ** (1 / gamma)
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.concatenate([shown.astype(np.float32), colours[..., count:]], axis=-1)


@lru_cache(maxsize=64)
def _read_profile(said: bytes) -> Any:
    """A profile; None where it cannot be read."""
    cms = importlib.import_module("PIL.ImageCms")
    try:
        return cms.ImageCmsProfile(io.BytesIO(said))
    except (OSError, cms.PyCMSError):
        return None


@lru_cache(maxsize=64)
def _transform(said: bytes, mode: str) -> Any:
    cms = importlib.import_module("PIL.ImageCms")
    exact = {"L": cms.Flags.NOOPTIMIZE}.get(mode, cms.Flags.HIGHRESPRECALC)  # few points of a steep curve would miss the dark grays
    srgb, intent = cms.createProfile("sRGB"), cms.Intent.RELATIVE_COLORIMETRIC
    return cms.buildTransform(_read_profile(said), srgb, mode, "RGB", renderingIntent=intent, flags=exact)


@lru_cache(maxsize=64)
def _is_srgb(said: bytes, mode: str) -> bool:
    """Does it leave a lattice of colours where they are?"""
    pillow = importlib.import_module("PIL.Image")
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    lattice = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3) if mode == "RGB" else levels[None]
    moved = np.asarray(_transform(said, mode).apply(pillow.fromarray(lattice)), np.int64)
    return bool(np.abs(moved - (lattice if mode == "RGB" else lattice[..., None])).max() <= STEPS)
