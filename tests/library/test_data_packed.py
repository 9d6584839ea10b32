"""Compressed tables, texts and JSON lines: read as they are when unpacked; damaged, endless, or without the package, refused by name."""

from __future__ import annotations

import gzip
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import files, texts
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.library.data.datasets import packed_file, text_file
from netspec.library.data.datasets.csv import Csv
from netspec.library.data.datasets.json_lines import JsonLines
from netspec.library.data.datasets.text_lines import TextLines
from netspec.shape import TensorType

TABLE = "a,b\n" + "".join(f"{k},{k * k}\n" for k in range(50))
NUMBER = TensorType("f32")


def zstd() -> Any:
    """Python's own package, or the one that stands for it before 3.14."""
    try:
        return importlib.import_module("compression.zstd")
    except ImportError:
        return pytest.importorskip("backports.zstd")


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".zst": lambda data: zstd().compress(data),
}


@pytest.mark.parametrize("ending", PACKERS)
def test_compressed_files_are_those_that_were_packed(tmp_path: Path, ending: str) -> None:
    for name, content in {"t.csv": TABLE, "t.txt": "one\ntwo\n", "t.jsonl": '{"a": 1}\n{"a": 2}\n'}.items():
        (tmp_path / (name + ending)).write_bytes(PACKERS[ending](content.encode()))
    for name in ("t.csv", "t.csv" + ending, "*.csv" + ending):
        assert Csv(file=name, fields={"a": NUMBER, "b": NUMBER}).load(tmp_path)["b"].tolist() == [k * k for k in range(50)]
    assert TextLines(file="t.txt").load(tmp_path)["length"].tolist() == [3, 3]
    assert JsonLines(file="t.jsonl", fields={"a": NUMBER}).load(tmp_path)["a"].tolist() == [1, 2]
    twice = PACKERS[ending](TABLE.encode()) + PACKERS[ending](b"50,2500\n")  # as `cat` puts two of them together
    (tmp_path / "twice.csv").write_bytes(twice)
    assert len(Csv(file="twice.csv", fields={"a": NUMBER}).load(tmp_path)["a"]) == 51


@pytest.mark.parametrize("ending", PACKERS)
def test_damaged_and_endless_ones_are_refused(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = PACKERS[ending](TABLE.encode())
    rng = np.random.default_rng(0)
    for trial in range(60):
        changed = bytearray(whole[: int(rng.integers(5, len(whole)))] if trial % 2 else whole)
        changed[int(rng.integers(4, len(changed)))] ^= 0 if trial % 2 else int(rng.integers(1, 256))
        (tmp_path / "t.csv").write_bytes(bytes(changed))
        try:
            found = Csv(file="t.csv", fields={"a": NUMBER}).load(tmp_path)["a"].tolist()
        except Mistake as mistake:
            assert str(tmp_path / "t.csv") in mistake.diagnostic.message()
            assert trial % 2 == 0 or isinstance(mistake.diagnostic, files.CorruptData)
        else:
            assert trial % 2 == 0 and len(found) <= 50  # a byte of the header that says nothing of the content
    monkeypatch.setattr(text_file, "BLOCK", 1000)
    (tmp_path / "t.csv").write_bytes(PACKERS[ending](b"a\n" + b"1\n" * 10**6))
    with pytest.raises(Mistake) as caught:
        Csv(file="t.csv", fields={"a": NUMBER}).load(tmp_path)
    assert isinstance(caught.value.diagnostic, texts.UnpacksTooFar)


def test_without_the_package_its_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise ImportError(name)

    (tmp_path / "t.csv.zst").write_bytes(b"\x28\xb5\x2f\xfd and more")
    monkeypatch.setattr(packed_file.importlib, "import_module", refuse)
    with pytest.raises(Mistake) as caught:
        Csv(file="t.csv", fields={"a": NUMBER}).load(tmp_path)
    found = caught.value.diagnostic
    assert isinstance(found, PackageNeeded) and found.op == "t.csv.zst" and found.help() == "`pip install 'netspec-jax[zst]'`"
