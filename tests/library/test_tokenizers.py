"""Tokenizers: ids of texts, what a run keeps of them, and what is said of files and packages that are missing or wrong."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
import tokenizers

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.data.files import MissingData
from netspec.diagnostics.data.tokenizers import NoSuchToken, PackageNeeded, TextNeeded, TextNotUtf8, TokenizerUnreadable, VocabularyTooLarge
from netspec.library.data.columns import Ragged
from netspec.library.data.tokenizers import Bpe, Sentencepiece
from netspec.shape import TensorType
from tests.library.text_files import spm_model

TEXTS = ["the cat sat on the mat", "the dog sat", "naïve 語 !", "the the the the"] * 5


def table(texts: list[str] = TEXTS, **more: Any) -> dict[str, Any]:
    column = Ragged.of([np.frombuffer(text.encode(), np.uint8) for text in texts])
    return {"text": column, "length": column.lengths, **more}


def rows(data: Any, name: str = "tokens") -> list[list[int]]:
    return [row.tolist() for row in data[name].rows(np.arange(len(data[name])))]


def problem(call: Any, *arguments: Any) -> Diagnostic:
    with pytest.raises(Mistake) as caught:
        call(*arguments)
    assert caught.value.diagnostic.message()
    return caught.value.diagnostic


MODEL = spm_model(30, tuple(TEXTS * 5))
PIECES = sentencepiece.SentencePieceProcessor(model_proto=MODEL).get_piece_size()


# --- byte-pair encoding -----------------------------------------------------------------------------------------------------------


def test_a_trained_encoding_gives_the_text_back() -> None:
    data, learned = Bpe(size=300).learn(table(), None, None)
    assert learned is not None
    made = tokenizers.Tokenizer.from_str(learned["tokenizer"])
    assert [made.decode(row[:-1]) for row in rows(data)] == TEXTS and {row[-1] for row in rows(data)} == {1}
    assert made.token_to_id("<pad>") == 0 and made.token_to_id("<|endoftext|>") == 1 and made.get_vocab_size() <= 300
    assert data["length"].tolist() == [len(row) for row in rows(data)] and data["length"].dtype == np.int32
    assert rows(data, "segment")[1] == [1] * len(rows(data)[1]) and rows(data, "position")[1] == list(range(len(rows(data)[1])))
    assert max(map(len, rows(data))) < len("the cat sat on the mat"), "merges were learned"


def test_what_was_learned_is_used_again_and_other_fields_stay() -> None:
    learned = Bpe(size=300).learn(table(), None, None)[1]
    label = np.arange(2)
    data, same = Bpe(size=300).learn(table(["the cat", "zebra 語"], label=label), None, learned)
    assert same is learned and data["label"] is label and "text" not in data
    made = tokenizers.Tokenizer.from_str(learned["tokenizer"])  # type: ignore[index]
    assert [made.decode(row[:-1]) for row in rows(data)] == ["the cat", "zebra 語"]


def test_training_twice_gives_the_same() -> None:
    assert Bpe(size=290).learn(table(), None, None)[1] == Bpe(size=290).learn(table(), None, None)[1]


def test_bytes_alone_when_there_is_no_room_for_merges() -> None:
    data, _ = Bpe(size=257, eos=None).learn(table(["ab", "ba é"]), None, None)
    assert [len(row) for row in rows(data)] == [2, 5]


def test_a_begin_and_no_end() -> None:
    data, _ = Bpe(size=300, bos="<s>", eos=None).learn(table(), None, None)
    assert {row[0] for row in rows(data)} == {1} and 1 not in {row[-1] for row in rows(data)}


def test_an_encoding_of_a_file(tmp_path: Path) -> None:
    learned = Bpe(size=300).learn(table(), None, None)[1]
    (tmp_path / "tokenizer.json").write_text(learned["tokenizer"])  # type: ignore[index]
    data, same = Bpe(size=300, file="tokenizer.json").learn(table(), tmp_path, None)
    assert same == learned and rows(data) == rows(Bpe(size=300).prepare(table(), None))


def test_encodings_that_do_not_do(tmp_path: Path) -> None:
    def read(**arguments: Any) -> Diagnostic:
        return problem(Bpe(**{"size": 300, "file": "tokenizer.json", **arguments}).prepare, table(), tmp_path)

    file = tmp_path / "tokenizer.json"
    assert type(read()) is MissingData
    file.write_bytes(b"\xff\x00 no tokenizer")
    assert type(read()) is TokenizerUnreadable
    file.write_text(Bpe(size=280).learn(table(), None, None)[1]["tokenizer"])  # type: ignore[index]
    found = tokenizers.Tokenizer.from_file(str(file)).get_vocab_size()
    assert read(size=270) == VocabularyTooLarge(file=str(file), found=found, size=270)
    assert read(bos="<s>") == NoSuchToken(file=str(file), argument="bos", token="<s>")


# --- SentencePiece ----------------------------------------------------------------------------------------------------------------


def test_a_model_of_a_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "spm.model").write_bytes(MODEL)
    data, learned = Sentencepiece(file="spm.model", size=PIECES).learn(table(), tmp_path, None)
    made = sentencepiece.SentencePieceProcessor(model_proto=MODEL)
    assert rows(data) == [[*made.encode(text), made.eos_id()] for text in TEXTS]
    again, _ = Sentencepiece(file="spm.model", bos=True, eos=False).learn(table(["the cat"]), None, learned)
    assert rows(again) == [[made.bos_id(), *made.encode("the cat")]]


def test_models_that_do_not_do(tmp_path: Path) -> None:
    def read(**arguments: Any) -> Diagnostic:
        return problem(Sentencepiece(file="spm.model", **arguments).prepare, table(), tmp_path)

    assert type(read()) is MissingData
    (tmp_path / "spm.model").write_bytes(b"no model")
    assert type(read()) is TokenizerUnreadable
    (tmp_path / "spm.model").write_bytes(MODEL)
    assert read(size=PIECES - 1) == VocabularyTooLarge(file=str(tmp_path / "spm.model"), found=PIECES, size=PIECES - 1)


# --- both -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "package", "extra"), [(Bpe(size=300), "tokenizers", "hf"), (Sentencepiece(file="spm.model"), "sentencepiece", "text")]
)
def test_a_package_that_is_not_installed(op: Any, package: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def without(name: str, *arguments: Any) -> Any:
        if name == package:
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(importlib, "import_module", without)
    (tmp_path / "spm.model").write_bytes(b"")
    found = problem(op.prepare, table(), tmp_path)
    assert found == PackageNeeded(op=op.op_name(), package=package, extra=extra) and found.exit_code == 2


def test_bytes_that_are_no_text() -> None:
    bad = {"text": Ragged.of([np.array([104], np.uint8), np.array([0xE9], np.uint8)]), "length": np.ones(2, np.int32)}
    assert problem(Bpe(size=300).prepare, bad, None) == TextNotUtf8(record=1)


def test_fields_of_a_tokenizer() -> None:
    text, count = TensorType("u8", ("B", "N")), TensorType("i32", ("B",))
    fields = Bpe(size=300).fields({"text": text, "label": count, "length": count})
    assert {name: str(kind) for name, kind in fields.items()} == {
        "tokens": "i32[B, T]",
        "segment": "i32[B, T]",
        "position": "i32[B, T]",
        "length": "i32[B]",
        "label": "i32[B]",
    }
    assert type(problem(Bpe(size=300).fields, {"text": count})) is TextNeeded
