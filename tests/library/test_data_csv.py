"""Tables: read exactly, and when they are not as they should be refused with the file, the line and the column."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import arrays, files, records, texts
from netspec.library.base import BadArguments
from netspec.library.data.datasets.csv import Csv
from netspec.shape import TensorType

NUMBER, WHOLE, TRUTH = TensorType("f32"), TensorType("i32"), TensorType("bool")
PAIR = TensorType("f32", (2,))
TEXT = "x_0,x_1,label,name\n1,2.5,0,ann\n-3e2,.5,1,bob\n+4.,5,2,cy\n"


def table(folder: Path, text: str | bytes = TEXT, **arguments: Any) -> dict[str, np.ndarray]:
    (folder / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Csv(file="t.csv", **{"fields": {"x": PAIR, "label": WHOLE}, **arguments}).load(folder)


def problem(folder: Path, text: str | bytes = TEXT, **arguments: Any) -> Any:
    with pytest.raises(Mistake) as caught:
        table(folder, text, **arguments)
    return caught.value.diagnostic


# --- read as it is ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.encode(),
        lambda t: b"\xef\xbb\xbf" + t.encode(),
        lambda t: t.replace("\n", "\r\n").encode(),
        lambda t: gzip.compress(t.encode()),
        lambda t: t.rstrip("\n").encode(),
        lambda t: t.replace(",", " , ").encode(),
        lambda t: t.replace("bob", '"a, ""b""\nc"').encode() + b"\n\n",
    ],
    ids=["plain", "with a mark", "CRLF", "gzip", "no last line end", "spaces", "quotes and empty lines"],
)
def test_a_list_of_numbers_is_the_columns_with_its_name_and_a_number(tmp_path: Path, change: Any) -> None:
    found = table(tmp_path, change(TEXT))
    assert {n: a.dtype.name for n, a in found.items()} == {"x": "float32", "label": "int32"}
    np.testing.assert_array_equal(found["x"], np.float32([[1, 2.5], [-300, 0.5], [4, 5]]))
    np.testing.assert_array_equal(found["label"], [0, 1, 2])


def test_columns_may_have_other_names_and_words_be_classes(tmp_path: Path) -> None:
    named = {"x": ["x_1", "label"], "label": "name"}
    found = table(tmp_path, columns=named, classes={"label": ["cy", "ann", "bob"]})
    np.testing.assert_array_equal(found["x"], np.float32([[2.5, 0], [0.5, 1], [5, 2]]))
    np.testing.assert_array_equal(found["label"], [1, 2, 0])


def test_a_file_whose_name_ends_in_gz_is_found(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert len(Csv(file="t.csv", fields={"label": WHOLE}).load(tmp_path)["label"]) == 3


def test_truth_values_wide_numbers_and_another_separator(tmp_path: Path) -> None:
    fields = {"a": TRUTH, "b": TensorType("f64"), "c": TensorType("u8")}
    found = table(tmp_path, "a;b;c\nTrue;0.1;255\n0;1e300;0\n", fields=fields, separator=";")
    assert found["a"].tolist() == [True, False] and found["b"].tolist() == [0.1, 1e300] and found["c"].tolist() == [255, 0]
    assert [found[n].dtype.name for n in "abc"] == ["bool", "float64", "uint8"]


def test_numbers_are_rounded_as_numpy_rounds_them(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(200, 3))
    text = "y_0,y_1,y_2\n" + "".join(",".join(map(repr, row)) + "\n" for row in values.tolist())
    found = table(tmp_path, text, fields={"y": TensorType("f64", (3,))})
    np.testing.assert_array_equal(found["y"], values)


def test_a_fraction_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n" + "".join(f"{i}\n" for i in range(40)))
    op = Csv(file="t.csv", fields={"a": WHOLE}, test=0.1)
    test = op.test_part()
    assert test is not None and test.load(tmp_path)["a"].tolist() == [2, 4, 32, 33] and len(op.load(tmp_path)["a"]) == 36
    assert op.needs() == (("t.csv", "t.csv.gz", "t.csv.zst"),)


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("x_0,x_1,label\n1,2,0\n1,n/a,0\n", arrays.BadValue, 'line 3 of `{}` has "n/a" in the column `x_1`, not a number that f32 holds'),
        ("x_0,x_1,label\n1,2,0\n1,,0\n", arrays.BadValue, "line 3 of `{}` has nothing in the column `x_1`"),
        ("x_0,x_1,label\n1,nan,0\n", arrays.BadValue, 'has "nan" in the column `x_1`'),
        ("x_0,x_1,label\n1,inf,0\n", arrays.BadValue, 'has "inf"'),
        ("x_0,x_1,label\n1,2,0\n\n1,1e60,0\n", arrays.BadValue, 'line 4 of `{}` has "1e60" in the column `x_1`'),
        ("x_0,x_1,label\n1,1_0,0\n", arrays.BadValue, 'has "1_0"'),
        ("x_0,x_1,label\n1,٣,0\n", arrays.BadValue, 'has "٣"'),
        ("x_0,x_1,label\n1,0x10,0\n", arrays.BadValue, 'has "0x10"'),
        ("x_0,x_1,label\n1,2,1.0\n", arrays.BadValue, 'has "1.0" in the column `label`, not a whole number that i32 holds'),
        ("x_0,x_1,label\n1,2,3000000000\n", arrays.BadValue, 'has "3000000000"'),
        ("x_0,x_1,label\n1,2," + "9" * 5000 + "\n", arrays.BadValue, "9…"),
        ("x_0,x_1,label\n1,2,0\n1,2\n", arrays.BadRow, "line 3 of `{}` has 2 values, but the header names 3 columns"),
        ("x_0,x_1,label\n1,2,0,\n", arrays.BadRow, "line 2 of `{}` has 4 values"),
        ('x_0,x_1,label\n1,2,0\n1,2,"0\n\n', arrays.BadRow, "line 3 of `{}` opens a quote that is never closed"),
        ('x_0,x_1,label\n1,"2"3,0\n', arrays.BadRow, "line 2 of `{}` cannot be read"),
        ("x_0,x_1,label\n1,2," + "a" * 200_000 + "\n", arrays.BadRow, "line 2 of `{}` cannot be read"),
        ('x_0,x_1,label\n1,2,"0\n1,2,0"\n', arrays.BadValue, "line 2"),
        ("1,2,0\n1,2,0\n", arrays.NoHeader, 'its first line has "1", a number, in place of a name'),
        ("x_0,x_0,label\n1,2,0\n", arrays.NoHeader, 'has the name "x_0" twice'),
        ("x_0,,\n1,2,0\n", arrays.NoHeader, "has empty names"),
        ("x_0,X_1,label\n1,2,0\n", arrays.NoSuchColumn, "`{}` has no `x_1`, which the field `x` is made of"),
        ("x_0,x_1,label\n", records.NoRecords, "`{}` holds no records"),
        ("", records.NoRecords, "`{}` holds no records"),
        (b"x_0,x_1,label\n1,2,0\n1,\xe9,0\n", texts.BadText, "line 3 of `{}` is not UTF-8"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], files.CorruptData, "`{}` is damaged"),
    ],
)
def test_a_bad_table_names_the_file_and_the_line(tmp_path: Path, text: str | bytes, kind: type, words: str) -> None:
    found = problem(tmp_path, text)
    assert isinstance(found, kind) and words.format(tmp_path / "t.csv") in found.message(), found.message()


def test_a_word_that_is_no_class(tmp_path: Path) -> None:
    found = problem(tmp_path, columns={"label": "name"}, classes={"label": ["ann", "bob"]})
    assert "line 4 of" in found.message() and '"cy" in the column `name`, not one of its classes' in found.message()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Mistake) as caught:
        Csv(file="u.csv", fields={"a": WHOLE}).load(tmp_path)
    assert isinstance(caught.value.diagnostic, files.MissingData)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"fields": {"x": TensorType("f32", (2, 2))}}, "a list of so many numbers"),
        ({"fields": {"x": TensorType("f32", ("T",))}}, "a list of so many numbers"),
        ({"fields": {"x": PAIR}, "columns": {"x": ["a"]}}, "1 columns"),
        ({"fields": {"x": PAIR}, "columns": {"y": "a"}}, "not one of `fields`"),
        ({"fields": {"x": PAIR}, "classes": {"x": ["a", "b"]}}, "not one whole number"),
        ({"fields": {"x": NUMBER}, "separator": ",,"}, "one sign"),
        ({"fields": {"x": NUMBER}, "part": "test"}, "without `test`"),
    ],
)
def test_arguments_that_do_not_go_together(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(BadArguments, match=words):
        Csv(file="t.csv", **arguments)


def test_every_changed_byte_is_a_diagnostic_or_harmless(tmp_path: Path) -> None:
    rng, content = np.random.default_rng(0), TEXT.encode()
    for _ in range(400):
        changed = bytearray(content)
        for place in rng.integers(0, len(content), 2):
            changed[place] = int(rng.integers(256))
        try:
            found = table(tmp_path, bytes(changed))
        except Mistake as mistake:
            assert "t.csv" in mistake.diagnostic.message()
        else:
            assert np.isfinite(found["x"]).all() and len(found["x"]) == len(found["label"])
