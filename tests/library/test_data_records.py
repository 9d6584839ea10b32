"""ArrayRecord and TFRecord files of tf.train.Example messages, by the real grain; and messages that are none."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import arrays, files, records
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.library.base import BadArguments
from netspec.library.data.datasets import record_files
from netspec.library.data.datasets.example_protos import read_example
from netspec.library.data.datasets.record_files import ArrayRecord, TfRecord
from netspec.shape import TensorType
from netspec.source import Source

FIELDS: Any = {
    "x": TensorType("f32", ("T", 2)), "ids": TensorType("i32", (3,)), "text": TensorType("u8", ("N",)), "ok": TensorType("bool"),
    "kind": TensorType("i32"), "length": TensorType("i32"),
}  # fmt: skip
CLASSES: Any = {"kind": ("cat", "dog")}


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    found = b""
    while number > 127:
        found, number = found + bytes([number & 127 | 128]), number >> 7
    return found + bytes([number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def feature(values: Any, packed: bool = True) -> bytes:
    """A list of floats, whole numbers or bytes as a Feature."""
    if isinstance(values[0], bytes):
        return field(1, b"".join(field(1, value) for value in values))
    if isinstance(values[0], float):
        numbers = [struct.pack("<f", value) for value in values]
        return field(2, field(1, b"".join(numbers)) if packed else b"".join(varint(1 << 3 | 5) + n for n in numbers))
    ints = [varint(value) for value in values]
    return field(3, field(1, b"".join(ints)) if packed else b"".join(varint(1 << 3) + n for n in ints))


def example(packed: bool = True, **features: Any) -> bytes:
    """A serialized tf.train.Example."""
    return field(1, b"".join(field(1, field(1, name.encode()) + field(2, feature(v, packed))) for name, v in features.items()))


def row(k: int, **changes: Any) -> bytes:
    own = {
        "x": [k / 2, -1.0] * (1 + k % 3),
        "ids": [k, -k, 7],
        "text": [f"näh {k}".encode()],
        "ok": [k % 2],
        "kind": [[b"cat", b"dog"][k % 2]],
    }
    return example(bool(k % 2), **{**own, **changes})


def save(path: Path, made: list[bytes]) -> None:
    if path.suffix == ".array_record":
        pytest.importorskip("grain")
        writer = pytest.importorskip("array_record.python.array_record_module").ArrayRecordWriter(str(path), "group_size:1")
        for data in made:
            writer.write(data)
        writer.close()
    else:
        pytest.importorskip("grain")
        path.write_bytes(b"".join(struct.pack("<QI", len(data), 0) + data + b"\0" * 4 for data in made))


OPS = {"t.array_record": ArrayRecord, "t.tfrecord": TfRecord}


@pytest.mark.parametrize("name", OPS)
def test_features_become_fields(tmp_path: Path, name: str) -> None:
    save(tmp_path / name, [row(k) for k in range(9)])
    save(tmp_path / f"u{name}", [row(k) for k in range(4)])
    op = OPS[name](file=name, fields=FIELDS, classes=CLASSES, test=f"u{name}")
    found, test = op.load(tmp_path), op.test_part()
    assert found["x"].lengths.tolist() == found["length"].tolist() == [1 + k % 3 for k in range(9)]
    assert found["x"].rows(np.array([4]))[0].tolist() == [[2, -1]] * 2 and found["ids"].tolist() == [[k, -k, 7] for k in range(9)]
    assert found["text"].rows(np.array([3]))[0].tobytes().decode() == "näh 3"
    assert found["ok"].tolist() == [bool(k % 2) for k in range(9)] and found["kind"].tolist() == [k % 2 for k in range(9)]
    assert test is not None and len(test.load(tmp_path)["ok"]) == 4
    both = op.replaced(file=f"*{name}", test=0.5, part="test")
    assert len(both.load(tmp_path)["ok"]) == 6


@pytest.mark.parametrize("name", OPS)
def test_records_that_do_not_fit_are_named(tmp_path: Path, name: str) -> None:
    bad: list[tuple[list[bytes], type, str]] = [
        (
            [row(0), row(1, x=[1.0, 2.0, 3.0])],
            arrays.BadValue,
            "record 1 (counted from 0) of `{}` has 3 numbers in the column `x`, not f32[T, 2]",
        ),
        ([row(0, ids=[1, 2, 2**40])], arrays.BadValue, "record 0 (counted from 0) of `{}` has 1099511627776"),
        ([row(0, ids=[1.0, 2.0, 3.0])], arrays.BadValue, "has 1.0 in the column `ids`"),
        ([row(0, ok=[2])], arrays.BadValue, "has 2 in the column `ok`"),
        ([row(0, kind=[b"cow"])], arrays.BadValue, 'has "cow" in the column `kind`'),
        ([row(0, text=[b"a", b"b"])], arrays.BadValue, "has 2 texts"),
        ([row(0, x=[float("nan"), 1.0])], arrays.BadValue, "has NaN in the column `x`"),
        ([row(0), example(x=[1.0, 2.0])], arrays.NoSuchColumn, "`{}: record 1` has no `ids`"),
        ([row(0), b"\x0a\xff\xff"], files.UnreadableData, "record 1 (counted from 0) is no tf.train.Example"),
    ]
    for made, kind, words in bad:
        (tmp_path / name).unlink(missing_ok=True)
        save(tmp_path / name, made)
        with pytest.raises(Mistake) as caught:
            OPS[name](file=name, fields=FIELDS, classes=CLASSES).load(tmp_path)
        found = caught.value.diagnostic
        assert isinstance(found, kind) and words.format(tmp_path / name) in found.message(), found.message()
    whole = (tmp_path / name).read_bytes()
    for content in (b"", b"garbage" * 20_000, whole[: len(whole) // 2], b"\xff" * 100):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Mistake) as caught:
            OPS[name](file=name, fields=FIELDS, classes=CLASSES).load(tmp_path)
        found = caught.value.diagnostic
        assert isinstance(found, files.UnreadableData | records.NoRecords) and str(tmp_path / name) in found.message()


def test_changed_messages_are_features_or_refused() -> None:
    rng, whole = np.random.default_rng(0), row(5)
    assert set(read_example(whole)) == {"x", "ids", "text", "ok", "kind"}
    for trial in range(2000):
        changed = bytearray(whole[: int(rng.integers(len(whole)))] if trial % 3 == 0 else whole)
        for place in rng.integers(0, max(len(changed), 1), 2):
            changed[place : place + 1] = bytes([int(rng.integers(256))])
        try:
            assert isinstance(read_example(bytes(changed)), dict)
        except ValueError:
            continue


def test_a_source_of_grain_feeds_python() -> None:
    grain = pytest.importorskip("grain")
    model = "model M {\n  input x: f32[B, 2]\n  output y = (x -> dense(1))[:, 0]\n}\n"
    data = "  data = arrays(fields={x: f32[2], t: f32[]}) -> batch(4)\n  loss = mean_squared_error(y, t)\n"
    spec = f"netspec 1\n{model}train M {{\n{data}  optimizer = sgd(0.1)\n  duration = 6 steps\n}}\n"
    source = grain.MapDataset.range(12).map(lambda k: {"x": np.float32([k / 12, 1]), "t": np.float32(k)}).batch(4)
    for batches in (source, source.to_iter_dataset()):
        fit = netspec.compile(Source("m.net", spec)).fit(batches)
        assert fit.history[-1].step == 6


def test_what_is_needed_and_what_makes_no_sense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadArguments, match="`y` among `names`"):
        TfRecord(file="a", fields=FIELDS, names={"y": "b"})
    with pytest.raises(BadArguments, match="without `test`"):
        ArrayRecord(file="a", fields=FIELDS, part="test")

    def refuse(name: str) -> Any:
        raise ImportError(name)

    (tmp_path / "a").write_bytes(b"")
    monkeypatch.setattr(record_files.importlib, "import_module", refuse)
    with pytest.raises(Mistake) as caught:
        TfRecord(file="a", fields=FIELDS).load(tmp_path)
    assert isinstance(caught.value.diagnostic, PackageNeeded) and caught.value.diagnostic.help() == "`pip install 'netspec-jax[grain]'`"
