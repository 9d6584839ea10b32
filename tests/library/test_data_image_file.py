"""What a file says of its pixels is honoured or refused by name: a picture of each kind, held to its values: the table's rows."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from PIL import Image, ImageCms, ImageSequence

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.images import CorruptImage, ImageNotTaken
from netspec.library.data.datasets.image_file import LUMA, read_image
from netspec.library.data.datasets.image_folder import ImageFolder

RNG = np.random.default_rng(3)
GRAY, COLOURS = RNG.integers(0, 256, (5, 7), np.uint8), RNG.integers(0, 256, (5, 7, 3), np.uint8)
DEEP, DEEP_COLOURS = RNG.integers(0, 65536, (5, 7)).astype(np.uint16), RNG.integers(0, 65536, (5, 7, 3)).astype(np.uint16)


def read(file: Path, channels: int = 3, background: tuple[float, ...] = ()) -> np.ndarray:
    return read_image(PIL.Image, str(file), channels, background)[0]


def refused(file: Path, **more: Any) -> str:
    with pytest.raises(Mistake) as caught:
        read(file, **more)
    found = caught.value.diagnostic
    assert isinstance(found, ImageNotTaken) and file.name in found.message() and found.help()
    return found.holds


def png(file: Path, values: np.ndarray, depth: int, kind: int, chunks: dict[bytes, bytes] | None = None) -> Path:
    """A PNG of these values [H, W] or [H, W, n], written here since Pillow writes few kinds; rows take turns with two filters."""
    rows = values.reshape(len(values), -1)
    if depth == 16:
        lines = [row.astype(">u2").tobytes() for row in rows]
    elif depth == 8:
        lines = [row.astype(np.uint8).tobytes() for row in rows]
    else:
        bits = ((rows[..., None] >> np.arange(depth - 1, -1, -1)) & 1).reshape(len(rows), -1).astype(np.uint8)
        lines = [np.packbits(row).tobytes() for row in bits]
    before, packed = bytes(len(lines[0])), []
    for place, line in enumerate(lines):
        up = bytes((one - other) % 256 for one, other in zip(line, before, strict=True))
        packed.append(b"\2" + up if place % 2 else b"\0" + line)
        before = line
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], depth, kind, 0, 0, 0)
    parts = [(b"IHDR", head), *(chunks or {}).items(), (b"IDAT", zlib.compress(b"".join(packed))), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(p)) + n + p + struct.pack(">I", zlib.crc32(n + p)) for n, p in parts)
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return file


def saved(file: Path, image: Any, **options: Any) -> Path:
    image.save(file, **options)
    return file


def test_every_depth_of_a_png(tmp_path: Path) -> None:
    for depth in (1, 2, 4, 8, 16):
        values, most = RNG.integers(0, 1 << depth, (5, 9)), (1 << depth) - 1
        found = read(png(tmp_path / "a.png", values, depth, 0), channels=1)[..., 0]
        np.testing.assert_allclose(found, values / most, atol=1e-6, err_msg=f"gray of {depth} bits")
    for depth, kind, count in ((8, 2, 3), (16, 2, 3), (8, 6, 4), (16, 6, 4), (8, 4, 2), (16, 4, 2)):
        values = RNG.integers(0, 1 << depth, (5, 9, count))
        if count in (2, 4):
            values[..., -1] = (1 << depth) - 1
        found = read(png(tmp_path / "a.png", values, depth, kind))
        wanted = values[..., : count - (count in (2, 4))] / ((1 << depth) - 1)
        np.testing.assert_allclose(found, np.broadcast_to(wanted, found.shape), atol=1e-6, err_msg=f"{count} colours of {depth} bits")


def test_gray_of_more_than_8_bits_in_other_files(tmp_path: Path) -> None:
    wanted = DEEP / 65535.0
    image = Image.fromarray(DEEP)
    for name, options in (("a.tif", {}), ("b.tif", {"compression": "tiff_lzw"}), ("c.pgm", {})):
        np.testing.assert_allclose(read(saved(tmp_path / name, image, **options), 1)[..., 0], wanted, atol=1e-6, err_msg=name)


def tiff(file: Path, data: bytes, width: int, height: int, tags: dict[int, tuple[int, ...]]) -> Path:
    """A TIFF of one strip with these tags, each of short numbers."""
    known = {256: (width,), 257: (height,), 259: (1,), 262: (1,), 273: (0,), 277: (1,), 278: (height,), 279: (len(data),)} | tags
    far, entries, start = b"", b"", 8 + 2 + 12 * len(known) + 4
    size = sum(2 * len(v) for v in known.values() if len(v) > 2)
    known[273] = (start + size,)
    for tag, value in sorted(known.items()):
        body = struct.pack(f"<{len(value)}H", *value)
        entries += struct.pack("<HHI", tag, 3, len(value)) + (
            body.ljust(4, b"\0") if len(body) <= 4 else struct.pack("<I", start + len(far))
        )
        far += body if len(body) > 4 else b""
    file.write_bytes(struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(known)) + entries + struct.pack("<I", 0) + far + data)
    return file


def test_numbers_of_a_tiff(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    deep = DEEP_COLOURS.astype("<u2").tobytes()
    found = read(tiff(file, deep, 7, 5, {258: (16, 16, 16), 262: (2,), 277: (3,)}))
    np.testing.assert_allclose(found, DEEP_COLOURS / 65535.0, atol=1e-6)
    found = read(tiff(file, deep, 7, 5, {258: (16, 16, 16), 262: (2,), 277: (3,), 0x112: (6,)}))
    np.testing.assert_allclose(found, np.rot90(DEEP_COLOURS, -1) / 65535.0, atol=1e-6)
    found = read(tiff(file, DEEP.astype("<u2").tobytes(), 7, 5, {258: (16,), 262: (0,)}), 1)
    np.testing.assert_allclose(found[..., 0], 1 - DEEP / 65535.0, atol=1e-6)
    found = read(tiff(file, GRAY.tobytes(), 7, 5, {258: (8,), 262: (0,)}), 1)
    np.testing.assert_allclose(found[..., 0], 1 - GRAY / 255.0, atol=1e-6)
    twelve = bytes([0xFF, 0xF0, 0x00])  # 4095 and 0
    assert read(tiff(file, twelve, 2, 1, {258: (12,)}), 1)[0, :, 0].tolist() == [1, 0]
    assert "sign" in refused(tiff(file, GRAY.tobytes(), 7, 5, {258: (8,), 339: (2,)}))
    for signed, bits in (("<i2", 16), ("<i4", 32)):
        refused(tiff(file, DEEP.astype(signed).tobytes(), 7, 5, {258: (bits,), 339: (2,)}))
    refused(tiff(file, DEEP.astype("<u4").tobytes(), 7, 5, {258: (32,)}))


def test_floats_are_as_they_are(tmp_path: Path) -> None:
    values = RNG.random((5, 7)).astype(np.float32)
    np.testing.assert_array_equal(read(saved(tmp_path / "a.tif", Image.fromarray(values)), 1)[..., 0], values)
    np.testing.assert_array_equal(read(saved(tmp_path / "a.tif", Image.fromarray(values)))[..., 2], values)
    assert "to 255" in refused(saved(tmp_path / "b.tif", Image.fromarray(np.float32([[0, 255.0]]))))
    assert "-0.5" in refused(saved(tmp_path / "b.tif", Image.fromarray(np.float32([[0, -0.5]]))))
    assert "NaN" in refused(saved(tmp_path / "b.tif", Image.fromarray(np.float32([[0, np.nan]]))))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "packed.tif", "a.webp"])
def test_all_eight_orientations(tmp_path: Path, name: str) -> None:
    scene = np.zeros((32, 48), np.uint8)
    scene[:16, :16], scene[:16, 16:], scene[16:, :16] = 250, 150, 75
    stored = {1: scene, 2: scene[:, ::-1], 3: scene[::-1, ::-1], 4: scene[::-1]}
    stored |= {5: scene.T, 6: np.rot90(scene, 1), 7: scene[::-1, ::-1].T, 8: np.rot90(scene, -1)}
    for turn, pixels in stored.items():
        tags = Image.Exif()
        tags[0x112] = turn
        options = {"quality": 95} if name == "a.jpg" else {"lossless": True} if name == "a.webp" else {}
        options |= {"tiffinfo": {0x112: turn}} if name.endswith(".tif") else {"exif": tags}
        options |= {"compression": "tiff_lzw"} if name == "packed.tif" else {}
        file = saved(tmp_path / name, Image.fromarray(np.ascontiguousarray(pixels)), **options)
        found = read(file, 1)[..., 0]
        assert found.shape == scene.shape, turn
        np.testing.assert_allclose(found, scene / 255.0, atol=0.05, err_msg=str(turn))


@pytest.mark.filterwarnings("ignore")
def test_broken_tags_say_nothing(tmp_path: Path) -> None:
    for broken in (b"no tags", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"):
        found = read(saved(tmp_path / "b.jpg", Image.fromarray(GRAY), exif=broken), 1)
        assert found.shape == (5, 7, 1)


def test_palettes(tmp_path: Path) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 8, 7)]
    places = RNG.integers(0, 4, (5, 7)).astype(np.uint8)
    image = Image.fromarray(places, "P")
    image.putpalette([level for colour in colours for level in colour])
    wanted = np.asarray(colours)[places] / 255.0
    for name in ("a.png", "a.gif", "a.bmp", "a.tif"):
        np.testing.assert_allclose(read(saved(tmp_path / name, image)), wanted, atol=1e-6, err_msg=name)
    for name, options in (
        ("b.png", {"transparency": 2}),
        ("b.gif", {"transparency": 2}),
        ("c.png", {"transparency": bytes([255, 255, 0])}),
    ):
        file = saved(tmp_path / name, image, **options)
        assert "transparent" in refused(file)
        shown = np.where((places == 2)[..., None], 1.0, wanted)
        np.testing.assert_allclose(read(file, background=(1.0,)), shown, atol=1e-6, err_msg=name)


def test_alpha(tmp_path: Path) -> None:
    alpha = RNG.integers(0, 256, (5, 7, 1)).astype(np.uint8)
    background = (0.25, 0.5, 1.0)
    share = alpha / 255.0
    for name in ("a.png", "a.tif", "a.webp"):
        options = {"lossless": True, "exact": True} if name == "a.webp" else {}
        file = saved(tmp_path / name, Image.fromarray(np.concatenate([COLOURS, alpha], -1)), **options)
        assert "transparent" in refused(file)
        wanted = COLOURS / 255.0 * share + np.asarray(background) * (1 - share)
        np.testing.assert_allclose(read(file, background=background), wanted, atol=1e-6, err_msg=name)
        opaque = np.concatenate([COLOURS, np.full_like(alpha, 255)], -1)
        np.testing.assert_allclose(read(saved(tmp_path / name, Image.fromarray(opaque), **options)), COLOURS / 255.0, atol=1e-6)
    file = saved(tmp_path / "b.png", Image.fromarray(np.concatenate([GRAY[..., None], alpha], -1), "LA"))
    assert "transparent" in refused(file) and "transparent" in refused(file, channels=1)
    np.testing.assert_allclose(read(file, 1, (0.5,)), GRAY[..., None] / 255.0 * share + 0.5 * (1 - share), atol=1e-6)
    for depth, kind, values, key in (
        (8, 0, GRAY, struct.pack(">H", GRAY[0, 0])),
        (16, 0, DEEP, struct.pack(">H", DEEP[0, 0])),
        (8, 2, COLOURS, struct.pack(">HHH", *COLOURS[0, 0])),
        (16, 2, DEEP_COLOURS, struct.pack(">HHH", *DEEP_COLOURS[0, 0])),
        (1, 0, GRAY & 1, struct.pack(">H", GRAY[0, 0] & 1)),
    ):
        file = png(tmp_path / "c.png", values, depth, kind, {b"tRNS": key})
        assert "transparent" in refused(file)
        wide = values.reshape(5, 7, -1)
        wanted = np.where((wide == wide[0, 0]).all(-1, keepdims=True), 0.5, wide / ((1 << depth) - 1))
        np.testing.assert_allclose(read(file, background=(0.5,)), np.broadcast_to(wanted, (5, 7, 3)), atol=1e-6, err_msg=f"{depth} {kind}")


def test_inks_and_other_spaces(tmp_path: Path) -> None:
    inks = RNG.integers(0, 256, (5, 7, 4)).astype(np.uint8)
    wanted = (1 - inks[..., :3] / 255.0) * (1 - inks[..., 3:] / 255.0)
    np.testing.assert_allclose(read(saved(tmp_path / "a.tif", Image.fromarray(inks, "CMYK"))), wanted, atol=0.005)
    flat = np.broadcast_to(inks[:1, :1], (16, 16, 4)).copy()
    found = read(saved(tmp_path / "a.jpg", Image.fromarray(flat, "CMYK"), quality=100))
    np.testing.assert_allclose(found, np.broadcast_to(wanted[0, 0], (16, 16, 3)), atol=0.03)
    refused(saved(tmp_path / "b.tif", Image.fromarray(COLOURS, "LAB")))


def profile(kind: str) -> bytes:
    """A profile made here: sRGB's primaries with their own curve, or Lab."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)).tobytes()


def linear_profile(count: int) -> bytes:
    """A profile of sRGB's primaries, or of gray, whose numbers are amounts of light."""
    curve = struct.pack(">4sIIH", b"curv", 0, 1, 256) + b"\0\0"

    def xyz(*values: float) -> bytes:
        return struct.pack(">4sIiii", b"XYZ ", 0, *(round(v * 65536) for v in values))

    text = b"linear"
    named = b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(78)
    tags = {b"desc": named.ljust(-(-len(named) // 4) * 4, b"\0"), b"wtpt": xyz(0.9642, 1.0, 0.8249), b"cprt": b"text\0\0\0\0none\0\0\0\0"}
    if count == 1:
        tags[b"kTRC"] = curve
    else:
        tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
        tags |= {b"rXYZ": xyz(0.43607, 0.22249, 0.01392), b"gXYZ": xyz(0.38515, 0.71687, 0.09708), b"bXYZ": xyz(0.14307, 0.06061, 0.7141)}
    start, table, data = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(body))
        data += body
    space = b"GRAY" if count == 1 else b"RGB "
    head = struct.pack(">I4sI4s4s4s", start + len(data), b"none", 0x02100000, b"mntr", space, b"XYZ ") + bytes(12) + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">iii", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + data


def shown(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def test_profiles(tmp_path: Path) -> None:
    colours, gray = Image.fromarray(COLOURS), Image.fromarray(GRAY)
    for name in ("a.png", "a.tif"):
        file = saved(tmp_path / name, colours, icc_profile=profile("sRGB"))
        np.testing.assert_allclose(read(file), COLOURS / 255.0, atol=1e-6, err_msg="sRGB itself changes nothing")
        file = saved(tmp_path / name, colours, icc_profile=linear_profile(3))
        np.testing.assert_allclose(read(file), shown(COLOURS / 255.0), atol=0.01, err_msg=name)
        file = saved(tmp_path / name, gray, icc_profile=linear_profile(1))
        np.testing.assert_allclose(read(file), np.repeat(shown(GRAY / 255.0)[..., None], 3, -1), atol=0.01)
        np.testing.assert_allclose(read(file, 1)[..., 0], shown(GRAY / 255.0), atol=0.01)
    alpha = Image.fromarray(np.concatenate([COLOURS, np.full((5, 7, 1), 255, np.uint8)], -1))
    np.testing.assert_allclose(read(saved(tmp_path / "b.png", alpha, icc_profile=linear_profile(3))), shown(COLOURS / 255.0), atol=0.01)
    np.testing.assert_array_equal(read(saved(tmp_path / "c.png", gray, icc_profile=linear_profile(3)), 1)[..., 0] * 255, GRAY)
    assert "cannot be read" in refused(saved(tmp_path / "d.png", colours, icc_profile=b"no profile at all, but long enough" * 9))
    assert "linear" in refused(saved(tmp_path / "e.tif", Image.fromarray(DEEP), icc_profile=linear_profile(1)))


def test_what_a_png_says_of_its_colours(tmp_path: Path) -> None:
    wanted = COLOURS / 255.0

    def of(values: np.ndarray = COLOURS, depth: int = 8, kind: int = 2, **chunks: bytes) -> Path:
        return png(tmp_path / "a.png", values, depth, kind, {name.encode(): value for name, value in chunks.items()})

    np.testing.assert_allclose(read(of(gAMA=struct.pack(">I", 45455))), wanted, atol=1e-6)
    np.testing.assert_allclose(read(of(gAMA=struct.pack(">I", 100000))), shown(wanted), atol=1e-6)
    np.testing.assert_allclose(read(of(gAMA=struct.pack(">I", 55556))), shown(wanted**1.8), atol=1e-4)
    deep = read(of(DEEP, 16, 0, gAMA=struct.pack(">I", 100000)), 1)
    np.testing.assert_allclose(deep[..., 0], shown(DEEP / 65535.0), atol=1e-6)
    np.testing.assert_allclose(read(of(gAMA=struct.pack(">I", 100000), sRGB=b"\0")), wanted, atol=1e-6)
    srgb = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    np.testing.assert_allclose(read(of(cHRM=struct.pack(">8I", *srgb))), wanted, atol=1e-6)
    assert "primaries" in refused(of(cHRM=struct.pack(">8I", *srgb[:2], 73470, *srgb[3:])))
    np.testing.assert_allclose(read(of(cICP=bytes([1, 13, 0, 1]))), wanted, atol=1e-6)
    assert "cICP" in refused(of(cICP=bytes([9, 16, 0, 1])))


def test_several_pictures(tmp_path: Path) -> None:
    pictures = [Image.fromarray(np.full((8, 8), level, np.uint8)) for level in (0, 9, 99)]
    for name in ("a.gif", "a.tif", "a.png", "a.webp"):
        assert "3 pictures" in refused(saved(tmp_path / name, pictures[0].convert("RGB"), save_all=True, append_images=pictures[1:])), name
        assert read(saved(tmp_path / name, pictures[1].convert("RGB"))).shape == (8, 8, 3)
    mpo = saved(tmp_path / "a.jpg", pictures[2].convert("RGB"), format="MPO", save_all=True, append_images=pictures[:1])
    with Image.open(mpo) as opened:
        assert len(list(ImageSequence.Iterator(opened))) == 2
    np.testing.assert_allclose(read(mpo), 99 / 255, atol=0.01)


def test_gray_and_colour_where_the_other_is_wanted(tmp_path: Path) -> None:
    gray, colour = saved(tmp_path / "a.png", Image.fromarray(GRAY)), saved(tmp_path / "b.png", Image.fromarray(COLOURS))
    np.testing.assert_allclose(read(gray), np.repeat(GRAY[..., None], 3, -1) / 255.0, atol=1e-6)
    np.testing.assert_allclose(read(colour, 1)[..., 0], COLOURS / 255.0 @ np.asarray(LUMA), atol=1e-6)


def test_ppm_of_16_bits(tmp_path: Path) -> None:
    file = tmp_path / "a.ppm"
    file.write_bytes(b"P6 7 5 65535\n" + DEEP_COLOURS.astype(">u2").tobytes())
    assert "half" in refused(file)
    file.write_bytes(b"P6 7 5 100\n" + (COLOURS % 101).astype(np.uint8).tobytes())
    np.testing.assert_allclose(read(file), (COLOURS % 101) / 100.0, atol=0.003)


def test_damaged_files_are_no_pictures(tmp_path: Path) -> None:
    """Every kind cut off or with bytes changed: read, refused, or named as damaged; nothing else."""
    whole = {}
    for name, image in (("a.png", COLOURS), ("a.jpg", COLOURS), ("a.tif", DEEP), ("a.webp", COLOURS), ("a.gif", GRAY), ("a.bmp", COLOURS)):
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, {"a.jpg": "JPEG", "a.tif": "TIFF"}.get(name, name[2:].upper()))
        whole[name] = stream.getvalue()
    rng, said = np.random.default_rng(5), 0
    for name, data in whole.items():
        for _ in range(40):
            changed = bytearray(data)
            for place in rng.integers(0, len(data), 4):
                changed[place] = rng.integers(0, 256)
            (tmp_path / name).write_bytes(bytes(changed[: rng.integers(8, len(data) + 1)]))
            try:
                read(tmp_path / name, background=(1.0,))
            except Mistake as mistake:
                assert isinstance(mistake.diagnostic, CorruptImage | ImageNotTaken)
                said += 1
    assert said > 50


def test_what_a_folder_holds_is_said(tmp_path: Path) -> None:
    home = tmp_path / "train" / "a"
    home.mkdir(parents=True)
    saved(home / "1.png", Image.fromarray(GRAY))
    saved(home / "2.png", Image.fromarray(DEEP))
    saved(home / "3.png", Image.fromarray(np.concatenate([COLOURS, COLOURS[..., :1]], -1)))
    lines = list(ImageFolder(folder="train").describe_files(tmp_path))
    assert lines[0] == "3 pictures looked at" and any("16-bit gray PNG" in line for line in lines)
    assert "1 refused" in lines[-1] and "3.png" in lines[-1] and "transparent" in lines[-1]
    assert ImageFolder(folder="train", channels=1).fields()["image"].shape[-1] == 1
