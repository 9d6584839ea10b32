"""Files of data that are not what a spec says: each is told the next thing to type, here or where the file is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.library.data.datasets.csv import Csv
from netspec.library.data.datasets.npz import Npz
from netspec.shape import TensorType

FIELDS = {"image": TensorType("f32", (8, 8, 3)), "label": TensorType("i32")}
IMAGE, LABEL = np.zeros((24, 8, 8, 3), np.float32), np.zeros(24, np.int32)


def problem_of(folder: Path, **arrays: np.ndarray) -> Diagnostic:
    np.savez(folder / "a.npz", **arrays)
    with pytest.raises(Mistake) as caught:
        Npz(file="a.npz", fields=FIELDS, test=0.1).load(folder)
    return caught.value.diagnostic


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (IMAGE.transpose(0, 3, 1, 2), "image.transpose(0, 2, 3, 1)"),
        (IMAGE.reshape(24, -1), "image.reshape(-1, 8, 8, 3)"),
        (IMAGE.astype(np.uint8), 'image.astype("float32")'),
        (IMAGE.transpose(0, 3, 1, 2).astype(np.uint8), 'image.transpose(0, 2, 3, 1).astype("float32")'),
        (IMAGE[..., :1], None),
    ],
)
def test_an_array_is_told_what_makes_it_fit(image: np.ndarray, code: str | None, tmp_path: Path) -> None:
    said = problem_of(tmp_path, image=image, label=LABEL).help()
    assert said == (None if code is None else f"write `{code}` where the file is made")
    if code is not None:
        mended = eval(code, {"image": image})
        np.savez(tmp_path / "a.npz", image=mended, label=LABEL)
        assert Npz(file="a.npz", fields=FIELDS, test=0.1).load(tmp_path)["image"].dtype == np.float32


@pytest.mark.parametrize(
    ("label", "code"), [(LABEL.astype(float), 'label.astype("int32")'), (LABEL + 0.5, None), (np.eye(24)[:, :3], "label.argmax(-1)")]
)
def test_labels_that_are_no_whole_numbers(label: np.ndarray, code: str | None, tmp_path: Path) -> None:
    said = problem_of(tmp_path, image=IMAGE, label=label).help()
    assert said == (None if code is None else f"write `{code}` where the file is made")


@pytest.mark.parametrize(
    ("present", "said"),
    [
        (["training.npz", "test.npz"], 'there is `training.npz`: write its name, `npz("training.npz", …)`, or rename the file'),
        (["other.npz"], 'there is `other.npz`: write its name, `npz("other.npz", …)`, or rename the file'),
        (["train.csv"], "put the file there"),
        ([], "put the file there"),
    ],
)
def test_a_missing_file_names_what_lies_there(present: list[str], said: str, tmp_path: Path) -> None:
    for name in present:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(Mistake) as caught:
        Npz(file="train.npz", fields=FIELDS, test=0.1).load(tmp_path)
    assert caught.value.diagnostic.help() == said


@pytest.mark.parametrize("value", ["NA", "", "nan", "?", "None"])
def test_a_missing_value_of_a_table(value: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"x,price\n1,2\n{value},4\n5,6\n")
    fields = {"x": TensorType("f32"), "price": TensorType("f32")}
    with pytest.raises(Mistake) as caught:
        Csv(file="a.csv", fields=fields, test=0.3).load(tmp_path)
    mark = f', missing=["", "{value}"]' if value else ""
    assert caught.value.diagnostic.help() == (
        f'a value is missing: write `fill={{x: "mean"}}{mark}`, or `drop_missing=["x"]` in place of `fill`, which leaves such lines out'
    )
