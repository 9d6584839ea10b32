"""Text lines and CoNLL-U files: what they give, and what is said of files that are not as they should be."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.data.files import CorruptData, DataFolderNeeded, MissingData, UnreadableData
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.data.texts import BadConlluLine, BadText, EmptyColumn, TooManyTypes, UnpacksTooFar, VocabularySizeNeeded
from netspec.library.base import BadArguments
from netspec.library.data.datasets import text_file
from netspec.library.data.datasets.conllu import Conllu
from netspec.library.data.datasets.text_lines import TextLines
from netspec.library.data.vocabulary import order_values, to_ids

DATA = os.environ.get("NETSPEC_DATA")


def texts(folder: Path, content: bytes, name: str = "train.txt") -> list[bytes]:
    (folder / name).write_bytes(content)
    data = TextLines(file="train.txt").load(folder)
    rows = data["text"].rows(np.arange(len(data["text"])))
    assert data["length"].tolist() == [len(row) for row in rows] and {str(row.dtype) for row in rows} == {"uint8"}
    return [row.tobytes() for row in rows]


def problem(call: Any, *arguments: Any) -> Diagnostic:
    with pytest.raises(Mistake) as caught:
        call(*arguments)
    assert caught.value.diagnostic.message()
    return caught.value.diagnostic


# --- lines ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"one\ntwo three\n", [b"one", b"two three"]),
        (b"one\r\n\r\ntwo\r\n", [b"one", b"two"]),
        (b"\n\none\n\n\ntwo", [b"one", b"two"]),
        (b"\xef\xbb\xbfone\n two \n", [b"one", b" two "]),
        ("naïve – 語\n".encode(), ["naïve – 語".encode()]),
        (b"a\rb\x00c\n", [b"a\rb\x00c"]),
    ],
)
def test_lines_of_a_text(tmp_path: Path, content: bytes, expected: list[bytes]) -> None:
    assert texts(tmp_path, content) == expected


def test_a_compressed_text(tmp_path: Path) -> None:
    assert texts(tmp_path, gzip.compress(b"one\ntwo\n"), "train.txt.gz") == [b"one", b"two"]


def test_lines_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_file, "BLOCK", 7)
    wanted = [("é" * n).encode() for n in range(1, 12)]
    assert texts(tmp_path, b"\n".join(wanted)) == wanted
    (tmp_path / "train.txt").write_bytes(b"\n".join(wanted) + b"\nab\xc3")
    assert problem(TextLines(file="train.txt").load, tmp_path) == BadText(file=str(tmp_path / "train.txt"), line=12, byte=0xC3)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_bytes(b"one\ntwo\ncaf\xe9 au lait\n")
    assert problem(TextLines(file="train.txt").load, tmp_path) == BadText(file=str(tmp_path / "train.txt"), line=3, byte=0xE9)


def test_files_that_are_missing_empty_or_damaged(tmp_path: Path) -> None:
    load, path = TextLines(file="train.txt").load, tmp_path / "train.txt"
    assert type(problem(load, None)) is DataFolderNeeded
    assert type(problem(load, tmp_path)) is MissingData
    for content in (b"", b"\n\r\n\n"):
        path.write_bytes(content)
        assert problem(load, tmp_path) == NoRecords(file=str(path))
    path.write_bytes(gzip.compress(b"some text\n" * 100)[:-20])
    assert type(problem(load, tmp_path)) is CorruptData
    path.unlink()
    path.mkdir()
    assert type(problem(load, tmp_path)) is UnreadableData


def test_a_file_that_unpacks_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_file, "BLOCK", 1000)
    (tmp_path / "train.txt").write_bytes(gzip.compress(b"\n" * 10**6))
    assert type(problem(TextLines(file="train.txt").load, tmp_path)) is UnpacksTooFar


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../train.txt", "a/../../b", "C:/x", "..\\x"])
def test_paths_that_leave_the_data_folder(path: str) -> None:
    with pytest.raises(BadArguments):
        TextLines(file=path)


# --- CoNLL-U ----------------------------------------------------------------------------------------------------------------------

TREES = """\
# sent_id = 1
# text = Vámonos al mar
1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tVamos\tir\tVERB\tV\t_\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\tP\t_\t1\tobj\t_\t_
3-4\tal\t_\t_\t_\t_\t_\t_\t_\t_
3\ta\ta\tADP\tE\t_\t5\tcase\t_\t_
4\tel\tel\tDET\tD\t_\t5\tdet\t_\t_
5\tmar\tmar\tNOUN\tN\t_\t1\tobl\t_\t_

1\tel\tel\tDET\tD\t_\t2\tdet\t_\t_
2\tmar\tmar\tNOUN\tN\t_\t0\troot\t_\t_
2.1\tes\tser\tVERB\tV\t_\t_\t_\t0:root\t_
3\tsan nos\tnos\tNOUN\tN\t_\t2\tdep\t_\tSpaceAfter=No

"""


def conllu(folder: Path, text: str, name: str = "train.conllu") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def rows(data: Any, name: str) -> list[list[int]]:
    return [row.tolist() for row in data[name].rows(np.arange(len(data[name])))]


def test_a_treebank_by_hand(tmp_path: Path) -> None:
    conllu(tmp_path, TREES)
    data, learned = Conllu(file="train.conllu", size=4).learn(tmp_path, None)
    assert learned == {"words": ["el", "mar"], "tags": ["N", "D", "E", "P", "V"]}
    assert rows(data, "words") == [[1, 1, 1, 2, 3], [2, 3, 1]] and rows(data, "tag") == [[5, 4, 3, 2, 1], [2, 1, 1]]
    assert data["length"].tolist() == [5, 3] and data["length"].dtype == data["words"].dtype == np.int32


def test_columns_are_chosen_by_name(tmp_path: Path) -> None:
    conllu(tmp_path, TREES)
    learned = Conllu(file="train.conllu", words="LEMMA", tag="UPOS", size=100, min_count=1).learn(tmp_path, None)[1]
    assert learned == {"words": ["el", "mar", "a", "ir", "nos", "nosotros"], "tags": ["NOUN", "DET", "ADP", "PRON", "VERB"]}


def test_an_evaluation_uses_the_vocabulary_of_training(tmp_path: Path) -> None:
    conllu(tmp_path, TREES)
    known = {"words": ["mar", "tierra"], "tags": ["N", "V"]}
    data, learned = Conllu(file="train.conllu").learn(tmp_path, known)
    assert learned == known and rows(data, "words") == [[1, 1, 1, 1, 2], [1, 2, 1]] and rows(data, "tag") == [[2, 0, 0, 0, 1], [0, 1, 1]]


def test_sizes_of_vocabularies(tmp_path: Path) -> None:
    file = str(conllu(tmp_path, TREES))
    learned = Conllu(file="train.conllu", size=5, min_count=1).learn(tmp_path, None)[1]
    assert learned is not None and learned["words"] == ["el", "mar", "Vamos"], "the rest is unknown"
    tags = Conllu(file="train.conllu", size=100, tags=5)
    assert problem(tags.load, tmp_path) == TooManyTypes(file=file, column="XPOS", found=6, size=5)
    assert len(Conllu(file="train.conllu", size=4, tags=6).load(tmp_path)["length"]) == 2
    assert problem(Conllu(file="train.conllu").require_trainable) == VocabularySizeNeeded(op="conllu")


def test_a_file_without_blank_line_at_its_end_or_with_many(tmp_path: Path) -> None:
    conllu(tmp_path, TREES.strip("\n").replace("\n\n", "\n\n\n# a comment\n\n"))
    assert Conllu(file="train.conllu", size=10).load(tmp_path)["length"].tolist() == [5, 3]
    file = str(conllu(tmp_path, "# only a comment\n\n"))
    assert problem(Conllu(file="train.conllu", size=10).load, tmp_path) == NoRecords(file=file)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2\tmar\tmar\tNOUN", "it has 4 columns, not 10 with tabs between"),
        ("2 mar mar NOUN N _ 0 root _ _", "it has 1 columns, not 10 with tabs between"),
        ("2\tmar\t\tNOUN\tN\t_\t0\troot\t_\t_", "its column LEMMA is empty (what is not known is `_`)"),
        ("x\tmar\tmar\tNOUN\tN\t_\t0\troot\t_\t_", "its ID is `x`, neither a number nor a range (`1-2`) nor an empty node (`1.1`)"),
        ("4\tmar\tmar\tNOUN\tN\t_\t0\troot\t_\t_", "its ID is 4, but the word before makes it 2"),
    ],
)
def test_lines_that_are_no_conllu(tmp_path: Path, line: str, why: str) -> None:
    text = TREES.split("\n")
    text[11] = line
    file = str(conllu(tmp_path, "\n".join(text)))
    assert problem(Conllu(file="train.conllu", size=10).load, tmp_path) == BadConlluLine(file=file, line=12, why=why)


def test_a_column_that_is_not_filled(tmp_path: Path) -> None:
    file = str(conllu(tmp_path, TREES))
    assert problem(Conllu(file="train.conllu", tag="FEATS", size=9).load, tmp_path) == EmptyColumn(file=file, column="FEATS")


def test_orders_and_ids() -> None:
    values = list("banana")
    assert order_values(values) == ["a", "n", "b"] and order_values(values, 2) == ["a", "n"] and order_values("ba") == ["a", "b"]
    assert to_ids(values, ["n", "a"], 2, 1).tolist() == [1, 3, 2, 3, 2, 3]


@pytest.mark.skipif(DATA is None, reason="needs the folder that NETSPEC_DATA names")
def test_the_brown_corpus_as_text_and_as_a_treebank() -> None:
    folder = Path(str(DATA)) / "brown"
    text = TextLines(file="brown-dev.txt").load(folder)
    data, learned = Conllu(file="brown-train.conllu", size=20_000, tags=96).learn(folder, None)
    dev, same = Conllu(file="brown-dev.conllu").learn(folder, learned)
    assert same == learned and len(text["length"]) == len(dev["length"]) > 4_000
    assert 900_000 < data["length"].sum() < 1_000_000 and (data["words"].values == 1).mean() > 0.01
    words = [t.split() for t in (bytes(r).decode() for r in text["text"].rows(np.arange(100)))]
    assert [len(w) for w in words] == dev["length"][:100].tolist()


def test_several_files_are_one_corpus(tmp_path: Path) -> None:
    for name, words in {"a": "one\ntwo\n", "b": "three\n\nfour\n"}.items():
        (tmp_path / f"{name}.txt").write_text(words)
    for file in (["a.txt", "b.txt"], "*.txt"):
        found = TextLines(file=file)  # type: ignore[arg-type]
        assert found.load(tmp_path)["length"].tolist() == [3, 3, 5, 4]
        assert found.recognised_by(tmp_path)["text"] == ["one", "two", "three", "four"]
    assert TextLines(file=["a.txt", "b.txt"]).needs()[1][0] == "b.txt"  # type: ignore[arg-type]
    for name in "cd":
        (tmp_path / f"{name}.conllu").write_text("".join(f"1\t{name}{k}\t_\t_\tN\t_\t_\t_\t_\t_\n\n" for k in range(2)))
    tagged = Conllu(file="*.conllu", min_count=1)
    assert tagged.learn(tmp_path, None)[1] == {"words": ["c0", "c1", "d0", "d1"], "tags": ["N"]}
    assert tagged.load(tmp_path)["length"].tolist() == [1] * 4 == tagged.fields_to_divide(tmp_path)["length"].tolist()
    assert tagged.recognised_by(tmp_path)["words"] == [["c0"], ["c1"], ["d0"], ["d1"]]
