"""Reads the picture in a file as colours in 0..1: the one place that decides what becomes of what a file says of its pixels.

Pillow gives 8 bits of each colour and leaves the rest to its callers; what it would drop in silence is read here or refused by name. The
table of it all stands in the page of `image_folder`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.images import CorruptImage, ImageNotTaken
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.datasets.data_file import open_data
from netspec.library.data.datasets.image_colours import from_bytes, from_gamma, need_srgb
from netspec.library.data.datasets.pixels import to_floats
from netspec.record import field, record

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What Pillow calls the kinds of files that the table speaks of."""
ORIENTATION, INTEROPERABILITY, BITS, PHOTOMETRIC, SAMPLE_FORMAT = 0x112, 0xA005, 258, 262, 339
LOW_BYTES = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L", "LA;16B": "RGBA"} | {"RGB;16L": "RGB;16B", "RGBA;16L": "RGBA;16B"}
"""By how Pillow unpacks the high bytes of 16-bit colours, how it unpacks the low ones (of gray with alpha: all four)."""
LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue, as in ITU-R BT.601."""


@record(eq=False, frozen=False)
class Picture:
    """What is known of a file while it is read."""

    file: str
    image: Any
    """As Pillow has it, decoded."""
    kind: str = ""
    """`16-bit gray PNG`."""
    orientation: int = 1
    notes: list[str] = field(default_factory=list)
    """What was done to its pixels besides scaling."""

    def refuse(self, holds: str, instead: str) -> Mistake:
        return Mistake(ImageNotTaken(file=self.file, holds=holds, instead=instead))


def read_image(pillow: Any, file: str, channels: int = 3, background: tuple[float, ...] = ()) -> tuple[Array, Picture]:
    """The picture as f32[H, W, channels] in 0..1, and what its file holds. Raises `Mistake` for what is no picture, or not taken."""
    try:
        with _open(pillow, file) as image:
            picture = Picture(file, image)
            colours = _orient(picture, _decode(pillow, picture))
    except Mistake:
        raise
    except Exception as error:  # Pillow raises nearly anything on damaged files
        reason = "it is not a known kind of image" if isinstance(error, pillow.UnidentifiedImageError) else str(error).rstrip(".")
        raise Mistake(CorruptImage(file=file, reason=reason or type(error).__name__)) from None
    colours = _lay(picture, colours, background)
    return np.ascontiguousarray(_spread(picture, colours, channels), np.float32), picture


@contextmanager
def _open(pillow: Any, file: str) -> Iterator[Any]:
    """The file as Pillow has it. As a stream: what Pillow maps into memory by its name it turns wrongly (uncompressed TIFF)."""
    with open_data(file) as stream, pillow.open(stream, formats=FORMATS) as image:
        yield image


# --- what the file holds ---------------------------------------------------------------------------------------------
def _decode(pillow: Any, picture: Picture) -> Array:
    """The pixels [H, W, 1 to 4] in 0..1 in sRGB, an alpha behind gray or colour."""
    image = picture.image
    bits, mode = _bits(picture), image.mode
    colours = {"1": "black and white", "F": "gray", "I": "gray", "L": "gray", "LA": "gray with alpha", "P": "palette"}
    name = "gray" if mode.startswith("I;16") else "gray with alpha" if _tile_mode(image) == "LA;16B" else colours.get(mode, mode)
    picture.kind = f"{name} {image.format}" if mode == "1" else f"{bits}-bit {name} {image.format}"
    _refuse_strange(picture)
    gamma = _gamma(picture)
    picture.orientation = _read_tag(image, lambda tags: tags.get(ORIENTATION, 1))
    image.load()
    if mode == "F":
        return need_srgb(picture, _floats(picture))
    if mode.startswith("I;16") or mode == "I":
        return from_gamma(picture, need_srgb(picture, _whole(picture, bits)), gamma)
    if bits == 16:
        return from_gamma(picture, need_srgb(picture, _low_and_high(pillow, picture)), gamma)
    return from_gamma(picture, _eight_bits(picture), gamma)


def _bits(picture: Picture) -> int:
    """How many bits of each colour there are."""
    image = picture.image
    if image.format == "PNG":
        with open_data(picture.file) as stream:
            return 8 if image.mode == "P" else stream.read(25)[24]
    if image.format == "TIFF":
        found = image.tag_v2.get(BITS, (1,))
        return max(found if isinstance(found, tuple) else (found,))
    if image.format == "PPM" and image.mode != "F" and image.tile[0][0] in ("ppm", "ppm_plain"):
        limit = image.tile[0][3][-1] if isinstance(image.tile[0][3], tuple) else 1
        return 16 if isinstance(limit, int) and limit > 255 else 8
    return {"1": 1, "F": 32, "I": 16}.get(image.mode, 8)


def _refuse_strange(picture: Picture) -> None:
    """Refuse what one picture of known colours is not."""
    image, tags = picture.image, getattr(picture.image, "tag_v2", {})
    if image.format != "MPO" and (frames := getattr(image, "n_frames", 1)) > 1:  # a camera's second picture is a preview
        raise picture.refuse(f"{frames:,} pictures (an animation, or pages)", "save the one that is meant to a file of its own")
    taken = image.mode in ("1", "F", "L", "P", "LA", "PA", "La", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr") or image.mode.startswith("I;16")
    if not taken and not (image.mode == "I" and image.format in ("PNG", "PPM")):
        raise picture.refuse(f"pixels of the kind `{image.mode}`, whose colours or scale nothing says", SAVE_AS)
    formats = tags.get(SAMPLE_FORMAT, (1,))
    if image.mode != "F" and any(kind != 1 for kind in (formats if isinstance(formats, tuple) else (formats,))):
        raise picture.refuse("numbers with a sign, whose scale nothing says", SAVE_AS)
    if image.mode == "F" and tags.get(PHOTOMETRIC, 1) != 1:
        raise picture.refuse("floats in which white is 0", SAVE_AS)
    if _read_tag(image, lambda tags: tags.get_ifd(INTEROPERABILITY).get(1)) == "R03" and not image.info.get("icc_profile"):
        raise picture.refuse("colours in Adobe RGB without a profile", "save it in sRGB")


SAVE_AS = "save it as gray or RGB of 8 or 16 bits"


def _read_tag(image: Any, of: Callable[[Any], Any]) -> Any:
    """What the tags of a camera say; broken ones say nothing."""
    try:
        return of(image.getexif())
    except Exception:  # Pillow raises nearly anything on damaged files
        return None


def _gamma(picture: Picture) -> float | None:
    """The exponent of a PNG's `gAMA`, where nothing else speaks of its colours. Refuses colours that only numbers describe."""
    image = picture.image
    if image.format != "PNG":
        return None
    chunks = _chunks(picture.file)
    if (said := chunks.get(b"cICP")) is not None:
        if said[:4] != b"\x01\x0d\x00\x01":
            raise picture.refuse(f"colours by the codes {'/'.join(map(str, said[:4]))} (cICP)", "save it in sRGB")
        return None
    if "srgb" in image.info or image.info.get("icc_profile"):
        return None
    near = zip(image.info.get("chromaticity", ()), (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06), strict=False)
    if image.mode not in ("1", "L", "LA") and any(abs(one - other) > 0.01 for one, other in near):
        raise picture.refuse("colours of other primaries than sRGB (cHRM)", "save it in sRGB")
    return image.info.get("gamma")


def _chunks(file: str) -> dict[bytes, bytes]:
    """What a PNG says before its pixels."""
    found: dict[bytes, bytes] = {}
    with open_data(file) as stream:
        stream.seek(8)
        while len(head := stream.read(8)) == 8 and head[4:] != b"IDAT":
            length = int.from_bytes(head[:4], "big")
            found[head[4:]] = stream.read(min(length, 64))
            stream.seek(max(length - 64, 0) + 4, os.SEEK_CUR)
    return found


# --- pixels as numbers -----------------------------------------------------------------------------------------------
def _eight_bits(picture: Picture) -> Array:
    """What Pillow has in bytes, in sRGB."""
    image = picture.image
    if image.mode in ("P", "PA") or "transparency" in image.info:
        picture.notes += ["a palette looked up"] if image.mode in ("P", "PA") else []
        image = image.convert("RGBA")
    if image.mode in ("La", "RGBa"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode == "YCbCr":
        image = image.convert("RGB")
    if image.mode == "1":
        image = image.convert("L")
    alpha = to_floats(np.asarray(image.getchannel("A")))[..., None] if image.mode in ("LA", "RGBA") else None
    if alpha is not None:
        image = image.convert(image.mode[:-1])
    colours = from_bytes(picture, image)
    return colours if alpha is None else np.concatenate([colours, alpha], axis=-1)


def _floats(picture: Picture) -> Array:
    """A float picture as it is, which is in 0..1."""
    values = np.asarray(picture.image, np.float32)
    low, high = (float(values.min()), float(values.max())) if np.isfinite(values).all() else (np.nan, np.nan)
    if not (low >= 0 and high <= 1):
        holds = f"floats from {low:g} to {high:g}" if low == low else "floats that are NaN or infinite"
        raise picture.refuse(holds, "divide them so that they are 0 to 1, and save it again")
    return values[..., None]


def _whole(picture: Picture, bits: int) -> Array:
    """Gray of more than 8 bits."""
    image = picture.image
    whole = np.asarray(image).astype(np.int64)
    limit = 65535 if image.format == "PPM" else (1 << bits) - 1
    alpha = _keyed(image, whole[..., None])
    if getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == 0:
        whole = limit - whole
    gray = (whole[..., None] / limit).astype(np.float32)
    return gray if alpha is None else np.concatenate([gray, alpha], axis=-1)


def _low_and_high(pillow: Any, picture: Picture) -> Array:
    """Colours of 16 bits: Pillow unpacks the high bytes, and a second time the low ones."""
    image, packed = picture.image, _tile_mode(picture.image)
    with _open(pillow, picture.file) as again:
        packed, low = _tile_mode(again), LOW_BYTES.get(_as_bytes(_tile_mode(again)))
        if low is None:
            raise picture.refuse(f"16-bit pixels of the kind `{packed or image.mode}`, of which half would be lost", "save it as a PNG")
        again.tile = [_with_mode(tile, low) for tile in again.tile]
        again.load()
        halves = np.asarray(again).astype(np.int64)
    if packed == "LA;16B":
        whole = halves[..., (0, 2)] * 256 + halves[..., (1, 3)]
    else:
        whole = np.asarray(image).astype(np.int64) * 256 + halves
    alpha = _keyed(image, whole)
    values = (whole / 65535).astype(np.float32)
    return values if alpha is None else np.concatenate([values, alpha], axis=-1)


def _keyed(image: Any, whole: Array) -> Array | None:
    """The alpha of a PNG that names one colour as transparent."""
    key = image.info.get("transparency")
    return None if key is None else (whole != np.asarray(key)).any(axis=-1, keepdims=True).astype(np.float32)


def _tile_mode(image: Any) -> str:
    """How Pillow is to unpack the bytes of a picture that is not decoded yet."""
    if not image.tile:
        return ""
    said = image.tile[0][3]
    return str(said[0] if isinstance(said, tuple) else said)


def _with_mode(tile: Any, mode: str) -> tuple[Any, ...]:
    said = tile[3]
    return type(tile)(tile[0], tile[1], tile[2], (mode, *said[1:]) if isinstance(said, tuple) else mode)


def _as_bytes(mode: str) -> str:
    """A mode of this machine's own byte order by the order."""
    return mode[:-1] + ("L" if sys.byteorder == "little" else "B") if mode.endswith(";16N") else mode


# --- and as they are wanted ------------------------------------------------------------------------------------------
def _orient(picture: Picture, colours: Array) -> Array:
    """As its tag says that it is looked at; Pillow itself has turned a TIFF."""
    turn = picture.orientation
    if turn not in range(2, 9):
        return colours
    picture.notes.append(f"turned by its orientation {turn}")
    if picture.image.format == "TIFF":
        return colours
    if turn >= 5:
        colours = colours.swapaxes(0, 1)
    if turn in (3, 4, 7, 8):
        colours = colours[::-1]
    return colours[:, ::-1] if turn in (2, 3, 6, 7) else colours


def _lay(picture: Picture, colours: Array, background: tuple[float, ...]) -> Array:
    """Without alpha: what is transparent is laid on the background, which must have been said."""
    if colours.shape[-1] in (1, 3):
        return colours
    colours, alpha = colours[..., :-1], colours[..., -1:]
    if (alpha == 1).all():
        return colours
    if not background:
        raise picture.refuse("transparent pixels", "say what shines through, as `background=1.0` for white, or save it without alpha")
    picture.notes.append("laid on the background")
    return (colours * alpha + np.asarray(background, np.float32) * (1 - alpha)).astype(np.float32)


def _spread(picture: Picture, colours: Array, channels: int) -> Array:
    """Gray three times over, or the luma of colours, where the other is wanted."""
    if channels == 3 and colours.shape[-1] == 1:
        picture.notes.append("gray taken as three colours")
        return np.repeat(colours, 3, axis=-1)
    if channels == 1 and colours.shape[-1] == 3:
        picture.notes.append("colours taken as gray")
        return colours @ np.asarray(LUMA, np.float32)[:, None]
    return colours
