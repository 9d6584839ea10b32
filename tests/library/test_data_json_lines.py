"""JSON lines: read exactly, sequences of any length among them, and refused with the file and the line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import files, records, texts
from netspec.diagnostics.running.predictions import BadExample
from netspec.library.base import BadArguments
from netspec.library.data.columns import Ragged
from netspec.library.data.datasets.json_lines import JsonLines
from netspec.shape import TensorType

PATH, WHOLE, NUMBER, TRUTH = TensorType("f32", ("T", 4)), TensorType("i32"), TensorType("f32"), TensorType("bool")
FIELDS: Any = {"x": PATH, "label": WHOLE}


def lines(*examples: Any) -> str:
    return "".join(json.dumps(example) + "\n" for example in examples)


def loaded(folder: Path, content: str | bytes, **arguments: Any) -> dict[str, Any]:
    (folder / "t.jsonl").write_bytes(content if isinstance(content, bytes) else content.encode())
    return JsonLines(file="t.jsonl", **{"fields": FIELDS, **arguments}).load(folder)


PATHS = [np.arange(4.0 * n).reshape(n, 4).tolist() for n in (3, 1, 0, 2)]
TEXT = lines(*({"x": path, "label": number, "more": "…"} for number, path in enumerate(PATHS)))


@pytest.mark.parametrize(
    "change", [str.encode, lambda t: b"\xef\xbb\xbf" + t.replace("\n", "\r\n\r\n").encode(), lambda t: gzip.compress(t.encode())]
)
def test_sequences_of_vectors_may_have_any_length(tmp_path: Path, change: Any) -> None:
    found = loaded(tmp_path, change(TEXT))
    assert isinstance(found["x"], Ragged) and found["x"].lengths.tolist() == [3, 1, 0, 2] and found["label"].tolist() == [0, 1, 2, 3]
    for row, path in zip(found["x"].rows(np.arange(4)), PATHS, strict=True):
        np.testing.assert_array_equal(row, np.float32(path).reshape(-1, 4))


def test_every_kind_of_field(tmp_path: Path) -> None:
    kinds = {
        "a": NUMBER, "b": TRUTH, "m": TensorType("f64", (2, 2)), "ids": TensorType("i32", ("T",)), "text": TensorType("u8", ("N",)),
        "kind": WHOLE, "length": WHOLE,
    }  # fmt: skip
    content = lines(
        {"a": 1, "b": True, "m": [[1, 2], [3, 0.1]], "tokens": [5, 2, 7], "text": "ä\u2028b", "kind": "dog"},
        {"a": -2.5, "b": False, "m": [[0, 0], [0, 0]], "tokens": [], "text": "", "kind": 0},
    )
    found = loaded(
        tmp_path, content.replace('"kind": 0', '"kind": "cat"'), fields=kinds, names={"ids": "tokens"}, classes={"kind": ["cat", "dog"]}
    )
    assert found["a"].tolist() == [1, -2.5] and found["b"].tolist() == [True, False] and found["m"][0].tolist() == [[1, 2], [3, 0.1]]
    assert found["length"].tolist() == [3, 0] and found["kind"].tolist() == [1, 0] and found["ids"].values.tolist() == [5, 2, 7]
    assert found["text"].rows(np.array([0]))[0].tobytes().decode() == "ä\u2028b"
    assert [found[n].dtype.name for n in ("a", "b", "m", "ids", "kind")] == ["float32", "bool", "float64", "int32", "int32"]


def test_several_files_parts_and_predictions(tmp_path: Path) -> None:
    for name, count in (("b", 3), ("a", 2), ("test", 4)):
        (tmp_path / f"{name}.jsonl").write_text(lines(*({"x": [[k, 0, 0, 0]], "label": k} for k in range(count))))
    op = JsonLines(file=["a.jsonl", "b.jsonl"], fields=FIELDS, test="test.jsonl")  # type: ignore[arg-type]
    assert (
        op.load(tmp_path)["label"].tolist()
        == [0, 1, 0, 1, 2]
        == JsonLines(file="[ab].jsonl*", fields=FIELDS).load(tmp_path)["label"].tolist()
    )
    test = op.test_part()
    assert test is not None and test.load(tmp_path)["label"].tolist() == [0, 1, 2, 3]
    assert JsonLines(file="test.jsonl", fields=FIELDS, test=0.5).load(tmp_path)["x"].lengths.tolist() == [1, 1]
    named = JsonLines(file="a.jsonl", fields=FIELDS, classes={"label": ["no", "yes"]})
    assert named.encoded({"label": ["yes", "no", "what"], "x": []}, None) == {"label": [1, 0, "what"], "x": []}


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        ('{"x": [[1, 2, 3]], "label": 0}\n', BadExample, "line 1 of `{}` has a list [1, 3] for `x`, not f32[T, 4]"),
        ('{"x": [[1, 2, 3, 4], [1]], "label": 0}\n', BadExample, "line 1 of `{}` has a list whose items have different lengths for `x`"),
        ('\n{"x": [[1, 2, 3, null]], "label": 0}\n', BadExample, "line 2 of `{}` has null for `x`"),
        ('{"x": [[1, 2, 3, 1e999]], "label": 0}\n', BadExample, "has Infinity for `x`"),
        ('{"x": [[1, 2, 3, 1e39]], "label": 0}\n', BadExample, "has 1e+39 for `x`"),
        ('{"x": [], "label": 1.0}\n', BadExample, "has 1.0 for `label`, not i32[]"),
        ('{"x": [], "label": true}\n', BadExample, "has true for `label`"),
        ('{"x": [], "label": 3000000000}\n', BadExample, "has 3000000000 for `label`"),
        ('{"x": [], "label": ' + "9" * 400 + "}\n", BadExample, "has a number that is too large for `label`"),
        ('{"x": [], "label": ' + "9" * 9000 + "}\n", BadExample, "line 1 of `{}` is no JSON object"),
        ('{"x": [], "label": "cat"}\n', BadExample, 'has "cat" for `label`'),
        ('{"x": [], "label": {}}\n', BadExample, "has an object for `label`"),
        ('{"x": []}\n', BadExample, "line 1 of `{}` has no `label`"),
        ('{"x": [], "label": 0}\n{"x": [], "lable": 0}\n', BadExample, "line 2 of `{}` has no `label`"),
        ('{"x": [NaN], "label": 0}\n', BadExample, "NaN is no number of JSON"),
        ('{"x": [], "label": 0}{}\n', BadExample, "line 1 of `{}` is no JSON object: Extra data"),
        ("[1, 2]\n", BadExample, "line 1 of `{}` is no JSON object: it is a list [2]"),
        ('{"x": ' + "[" * 200_000 + "\n", BadExample, "it has too many brackets"),
        ("\n\n", records.NoRecords, "`{}` holds no records"),
        (b'{"x": [], "label": 0}\n{"\xff": 1}\n', texts.BadText, "line 2 of `{}` is not UTF-8"),
        (gzip.compress(TEXT.encode())[:-9], files.CorruptData, "`{}` is damaged"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named(tmp_path: Path, content: str | bytes, kind: type, words: str) -> None:
    with pytest.raises(Mistake) as caught:
        loaded(tmp_path, content)
    found = caught.value.diagnostic
    assert isinstance(found, kind) and words.format(tmp_path / "t.jsonl") in found.message(), found.message()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"fields": {"x": TensorType("f32", ("T", "D"))}}, "only the first axis"),
        ({"names": {"y": "b"}}, "`y` among `names`"),
        ({"classes": {"x": ["a"]}}, "not one whole number"),
        ({"classes": {"label": ["a", "a"]}}, "twice"),
        ({"part": "test"}, "without `test`"),
    ],
)
def test_arguments_that_do_not_go_together(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(BadArguments, match=words):
        JsonLines(file="t.jsonl", **{"fields": FIELDS, **arguments})
