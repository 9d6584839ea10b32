"""Datasets of Hugging Face: folders as `save_to_disk` writes them and Parquet files, by the real package; the hub by its name alone."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import arrays, files
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.library.base import BadArguments
from netspec.library.data.columns import rows_of
from netspec.library.data.datasets import hf_dataset
from netspec.library.data.datasets.hf_dataset import HfDataset
from netspec.shape import TensorType

COUNT = 20
KINDS: Any = {"text": TensorType("u8", ("N",)), "label": TensorType("i32")}
MORE: Any = {"x": TensorType("f32", (2,)), "ids": TensorType("i32", ("T",)), "length": TensorType("i32")}


def table() -> Any:
    """Some reviews."""
    arrow = pytest.importorskip("pyarrow")
    columns = {
        "text": [f"näh {k}" for k in range(COUNT)],
        "label": arrow.array([k % 2 for k in range(COUNT)], arrow.int64()),
        "word": [("bad", "good")[k % 2] for k in range(COUNT)],
        "x": [[k / 2, -1.0] for k in range(COUNT)],
        "ids": [list(range(k % 4)) for k in range(COUNT)],
    }
    return arrow.table(columns)


def value(dtype: str) -> dict[str, Any]:
    return {"dtype": dtype, "_type": "Value"}


FEATURES = {
    "text": value("string"),
    "label": {"names": ["bad", "good"], "_type": "ClassLabel"},
    "word": value("string"),
    "x": {"feature": value("float64"), "_type": "Sequence"},
    "ids": {"feature": value("int64"), "_type": "Sequence"},
}


def save(folder: Path, made: Any, features: dict[str, Any]) -> None:
    """A folder as `Dataset.save_to_disk` writes one."""
    arrow = pytest.importorskip("pyarrow")
    folder.mkdir(parents=True)
    with arrow.OSFile(str(folder / "data-00000-of-00001.arrow"), "wb") as sink, arrow.ipc.new_stream(sink, made.schema) as writer:
        writer.write_table(made)
    (folder / "dataset_info.json").write_text(json.dumps({"citation": "", "description": "", "features": features, "license": ""}))
    state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_fingerprint": "0123456789abcdef", "_split": None}
    plain = {"_format_columns": None, "_format_kwargs": {}, "_format_type": None, "_output_all_columns": False}
    (folder / "state.json").write_text(json.dumps({**state, **plain}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two splits in one folder."""
    pytest.importorskip("datasets")
    for split, made in {"train": table(), "test": table().slice(0, 6), "dev": table().slice(6, 4)}.items():
        save(tmp_path / "reviews" / split, made, FEATURES)
    (tmp_path / "reviews" / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test", "dev"]}))
    return tmp_path


def test_a_saved_folder_with_its_splits(folder: Path) -> None:
    op = HfDataset(folder="reviews", fields={**MORE, **KINDS}, valid="dev", test="test")
    data, validation, test = op.load(folder), op.validation_part(), op.test_part()
    assert validation is not None and test is not None and validation.validation_part() is None and op.needs() == (("reviews",),)
    assert [len(part.load(folder)["label"]) for part in (op, validation, test)] == [20, 4, 6]
    assert validation.load(folder)["label"].tolist() == [0, 1, 0, 1] and data["label"].tolist() == [k % 2 for k in range(COUNT)]
    assert [row.tobytes().decode() for row in data["text"].rows(np.arange(2))] == ["näh 0", "näh 1"]
    assert data["x"].tolist() == [[k / 2, -1] for k in range(COUNT)] and data["length"].tolist() == [k % 4 for k in range(COUNT)]
    assert list(data) == [*MORE, *KINDS]


def test_a_folder_without_splits_and_pictures(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    arrow, image = pytest.importorskip("pyarrow"), pytest.importorskip("PIL.Image")
    pictures = []
    for k in range(3):
        buffer = io.BytesIO()
        image.fromarray(np.full((4, 5 + (k == 2), 3), 50 * k, np.uint8)).save(buffer, "PNG")
        pictures.append({"bytes": buffer.getvalue(), "path": None})
    kind = arrow.struct({"bytes": arrow.binary(), "path": arrow.string()})
    save(tmp_path / "pets", arrow.table({"image": arrow.array(pictures, kind)}), {"image": {"_type": "Image"}})
    for shape, first in ((("H", "W", 3), (4, 5, 3)), (("H", "W", 1), (4, 5, 1))):
        found = HfDataset(folder="pets", fields={"image": TensorType("f32", shape)}).load(tmp_path)["image"]
        rows = rows_of(found, np.arange(3))
        assert rows[0].shape == first and rows[1].max() == np.float32(50 / 255) and rows[2].shape[1] == 6
    fixed = HfDataset(folder="pets", fields={"image": TensorType("f32", (4, 5, 3))}).load(tmp_path)["image"]
    assert rows_of(fixed, np.arange(2)).shape == (2, 4, 5, 3)
    with pytest.raises(Mistake) as caught:
        rows_of(fixed, np.arange(3))
    assert "record 2 (counted from 0)" in caught.value.diagnostic.message() and "6 x 4 points" in caught.value.diagnostic.message()


def test_parquet_files(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for name, made in {"a": table().slice(0, 8), "b": table().slice(8)}.items():
        parquet.write_table(made, tmp_path / f"{name}.parquet")
    op = HfDataset(file="*.parquet", fields=KINDS, names={"label": "word"}, classes={"label": ("bad", "good")}, test=0.25)
    test = op.test_part()
    assert test is not None and len(test.load(tmp_path)["label"]) == 5 and len(op.load(tmp_path)["label"]) == 15
    assert op.replaced(test=None).load(tmp_path)["label"].tolist() == [k % 2 for k in range(COUNT)]
    assert op.encoded({"label": ["good"]}, None) == {"label": [1]} and op.class_counts() == {"label": 2}


def test_the_hub_gets_the_name(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    package, asked = pytest.importorskip("datasets"), []

    def load_dataset(*args: Any, **how: Any) -> Any:
        asked.append((args, how))
        if how["split"] == "nothing":
            raise ConnectionError("no\nnetwork.")
        return package.load_from_disk(str(folder / "reviews"))[how["split"]]

    monkeypatch.setattr(package, "load_dataset", load_dataset)
    op = HfDataset(name="stanfordnlp/imdb", fields=KINDS, config="plain", revision="v1", test="test")
    test = op.test_part()
    assert test is not None and len(op.load(None)["label"]) == 20 and len(test.load(None)["label"]) == 6 and op.needs() == ()
    assert [how["split"] for _, how in asked] == ["train", "test"] and asked[0] == (
        ("stanfordnlp/imdb", "plain"),
        {"split": "train", "revision": "v1"},
    )
    with pytest.raises(Mistake) as caught:
        op.replaced(split="nothing").load(None)
    assert caught.value.diagnostic.message() == "cannot read `stanfordnlp/imdb`: no network."


def test_what_is_refused(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    (folder / "bad.parquet").write_bytes(b"PAR1 nothing")
    parquet.write_table(table().slice(0, 0), folder / "empty.parquet")
    (folder / "nothing").mkdir()
    bad: list[tuple[dict[str, Any], type, str]] = [
        ({"folder": "reviews", "split": "tset"}, files.UnreadableData, "it has no split `tset`, but `train`, `test`, `dev`"),
        ({"folder": "revews"}, files.MissingData, "finds no `revews`"),
        ({"folder": "nothing"}, files.UnreadableData, "cannot read"),
        ({"folder": "reviews", "fields": {"label": TensorType("f32", (3,))}}, arrays.BadValue, "record 0 (counted from 0) of"),
        ({"folder": "reviews", "fields": {"stars": TensorType("i32")}}, arrays.NoSuchColumn, "has no `stars`"),
        ({"folder": "reviews", "fields": {"x": TensorType("i32", (2,))}}, arrays.BadValue, "has 0.0 in the column `x`, not i32[2]"),
        ({"folder": "reviews", "fields": {"word": TensorType("i32")}}, arrays.BadValue, 'has "bad" in the column `word`'),
        ({"file": "bad.parquet"}, files.UnreadableData, "bad.parquet"),
        ({"file": "empty.parquet"}, Exception, "holds no records"),
    ]
    for arguments, kind, words in bad:
        with pytest.raises(Mistake) as caught:
            HfDataset(**{"fields": KINDS, **arguments}).load(folder)
        found = caught.value.diagnostic
        assert (kind is Exception or isinstance(found, kind)) and words in found.message(), found.message()

    def refuse(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(hf_dataset.importlib, "import_module", refuse)
    with pytest.raises(Mistake) as caught:
        HfDataset(name="imdb", fields=KINDS).load(None)
    assert isinstance(caught.value.diagnostic, PackageNeeded) and caught.value.diagnostic.help() == "`pip install 'netspec-jax[hf]'`"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "one of `name"),
        ({"name": "a", "folder": "b"}, "one of `name"),
        ({"folder": "a", "revision": "v1"}, "which `name` names"),
        ({"file": "a.parquet", "test": "test"}, "Parquet files have none"),
        ({"name": "a", "part": "test"}, "without `test`"),
        ({"name": "a", "part": "validation"}, "without `valid`"),
        ({"name": "a", "names": {"y": "b"}}, "`y` among `names`"),
    ],
)
def test_arguments_that_do_not_go_together(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(BadArguments, match=words):
        HfDataset(**{"fields": KINDS, **arguments})
