"""A folder of images: found and numbered as the page says, read when a batch needs them, and refused with the file's name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.files import DataFolderNeeded, MissingData
from netspec.diagnostics.data.images import CorruptImage, NoClassFolders, TooManyClasses, UnknownClass
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.diagnostics.running.files import choose_exit_code
from netspec.library.data.columns import rows_of, select
from netspec.library.data.datasets.image_folder import ImageFolder

RNG = np.random.default_rng(0)
PICTURES = {f"{name}/{i}.png": RNG.integers(0, 256, (5 + i, 7, 3), np.uint8) for name in ("dog", "cat", "eel") for i in range(3)}


def folder(path: Path, **changed: str) -> Path:
    """`train` with three classes; `changed` renames some in `val`, which has a picture of each."""
    for name, pixels in PICTURES.items():
        for part, home in (("train", name), ("val", changed.get(name[:3], name[:3]) + "/x.png")):
            target = path / part / home
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(target)
    return path


def problem(path: Path | None, op: ImageFolder | None = None, known: Any = None) -> Any:
    with pytest.raises(Mistake) as caught:
        (op or ImageFolder(folder="train")).learn(path, known)
    return caught.value.diagnostic


def test_classes_in_alphabetical_order(tmp_path: Path) -> None:
    data, learned = ImageFolder(folder="train").learn(folder(tmp_path), None)
    assert learned == {"classes": ["cat", "dog", "eel"]}
    assert data["label"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2] and data["label"].dtype == np.int32
    images = rows_of(data["image"], np.array([8, 0, 4]))
    for image, name in zip(images, ["eel/2.png", "cat/0.png", "dog/1.png"], strict=True):
        assert image.dtype == np.float32
        np.testing.assert_array_equal(image, (PICTURES[name] / 255.0).astype(np.float32))
    chosen = select(data, np.array([3, 1]))
    assert chosen["label"].tolist() == [1, 0] and rows_of(chosen["image"], np.array([1]))[0].shape == (6, 7, 3)
    assert ImageFolder(folder="train").load(tmp_path)["label"].tolist() == data["label"].tolist()


def test_files_of_many_kinds(tmp_path: Path) -> None:
    home = tmp_path / "train" / "a"
    (home / "below").mkdir(parents=True)
    gray = Image.fromarray(np.full((4, 6), 51, np.uint8))
    gray.save(home / "1.PNG")
    gray.convert("P").save(home / "2.gif")
    gray.convert("RGBA").save(home / "3.webp", lossless=True)
    gray.convert("CMYK").save(home / "4.tif")
    gray.convert("RGB").save(home / "below" / "5.jpeg", quality=95)
    for name in ("notes.txt", ".hidden.png"):
        (home / name).write_text("no image")
    (tmp_path / "train" / ".git").mkdir()
    (tmp_path / "train" / "readme.md").write_text("no class")
    data = ImageFolder(folder="train").load(tmp_path)
    images = rows_of(data["image"], np.arange(5))
    assert [image.shape for image in images] == [(4, 6, 3)] * 5
    np.testing.assert_allclose(np.stack(images), 0.2, atol=0.01)


def test_nothing_is_read_before_it_is_needed(tmp_path: Path) -> None:
    (folder(tmp_path) / "train" / "cat" / "1.png").write_bytes(b"no image")
    data = ImageFolder(folder="train").load(tmp_path)
    assert rows_of(data["image"], np.array([0]))[0].shape == (5, 7, 3)
    with pytest.raises(Mistake) as caught:
        rows_of(data["image"], np.array([1]))
    found = caught.value.diagnostic
    assert isinstance(found, CorruptImage) and found.file.endswith("1.png") and "not a known kind" in found.message()


@pytest.mark.parametrize("content", [lambda b: b[: len(b) // 2], lambda b: b[:40], lambda b: b""])
def test_damaged_images_are_named(tmp_path: Path, content: Any) -> None:
    whole = (folder(tmp_path) / "train" / "dog" / "0.png").read_bytes()
    (tmp_path / "train" / "dog" / "0.png").write_bytes(content(whole))
    data = ImageFolder(folder="train").load(tmp_path)
    with pytest.raises(Mistake) as caught:
        rows_of(data["image"], np.array([3]))
    assert isinstance(caught.value.diagnostic, CorruptImage)


def test_an_evaluation_has_the_numbers_of_the_training(tmp_path: Path) -> None:
    known = {"classes": ["ant", "cat", "dog", "eel"]}
    data, learned = ImageFolder(folder="val").learn(folder(tmp_path), known)
    assert data["label"].tolist() == [1, 2, 3] and learned == known
    found = problem(folder(tmp_path / "new", dog="dgo"), ImageFolder(folder="val"), known)
    assert isinstance(found, UnknownClass) and "did you mean `dog`" in found.message()


def test_how_many_classes_there_may_be(tmp_path: Path) -> None:
    assert ImageFolder(folder="train", size=3).load(folder(tmp_path))
    found = problem(tmp_path, ImageFolder(folder="train", size=2))
    assert isinstance(found, TooManyClasses) and (found.found, found.size) == (3, 2)


def test_folders_that_are_not_there(tmp_path: Path) -> None:
    assert isinstance(problem(None), DataFolderNeeded)
    assert isinstance(problem(tmp_path), MissingData)
    (tmp_path / "train").mkdir()
    assert isinstance(problem(tmp_path), NoClassFolders)
    (tmp_path / "train" / "cat").mkdir()
    found = problem(tmp_path)
    assert isinstance(found, NoRecords) and found.file.endswith("cat")


@pytest.mark.parametrize("path", ["/etc", "../train", "a/../b", "", "C:/train"])
def test_the_folder_lies_in_the_data_folder(path: str) -> None:
    with pytest.raises(ValueError):
        ImageFolder(folder=path)


def test_without_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    found = problem(folder(tmp_path))
    assert isinstance(found, PackageNeeded) and found.package == "pillow" and "[image]" in str(found.help())
    assert choose_exit_code([found]) == 2
