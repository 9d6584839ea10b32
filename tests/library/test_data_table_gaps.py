"""Tables of mixed kinds: words as categories, missing values, several files; what is learned is learned of the training part alone."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import arrays, files
from netspec.library.base import BadArguments
from netspec.library.data.datasets.csv import Csv
from netspec.library.data.datasets.user_data import choose_held_out
from netspec.shape import TensorType

NUMBER, WHOLE, TRUTH, PAIR = TensorType("f32"), TensorType("i32"), TensorType("bool"), TensorType("f32", (2,))
TEXT = "age,rooms,town,label\n10,1,Ulm,yes\n,2,Bonn,no\n30,,Ulm,yes\n50,4,,no\n"
FIELDS = {"age": NUMBER, "rooms": WHOLE, "town": WHOLE, "label": WHOLE}
WORDS: dict[str, Any] = {"classes": {"label": ["no", "yes"]}, "categories": {"town": 4}}


def csv(folder: Path, text: str = TEXT, **arguments: Any) -> Csv:
    (folder / "t.csv").write_text(text)
    return Csv(file="t.csv", **{"fields": FIELDS, **WORDS, **arguments})


def problem(folder: Path, *args: Any, **arguments: Any) -> Any:
    with pytest.raises(Mistake) as caught:
        csv(folder, *args, **arguments).load(folder)
    return caught.value.diagnostic


def test_missing_values_are_filled_and_words_numbered(tmp_path: Path) -> None:
    fill = {"age": "mean", "rooms": "median", "town": "nowhere"}
    op = csv(tmp_path, fill=fill)
    data, known = op.learn(tmp_path, None)
    np.testing.assert_array_equal(data["age"], np.float32([10, 30, 30, 50]))
    assert data["rooms"].tolist() == [1, 2, 2, 4] and data["town"].tolist() == [1, 2, 1, 3] and data["label"].tolist() == [1, 0, 1, 0]
    assert known == {"fill": {"age": [30.0], "rooms": [2.0]}, "words": {"town": ["Ulm", "Bonn", "nowhere"]}}
    op.require_learned(known)
    assert op.class_counts() == {"label": 2} and op.class_names(known)["town"] == ("(unknown)", "Ulm", "Bonn", "nowhere")


@pytest.mark.parametrize(
    ("fill", "expected"),
    [({"age": "median"}, 30), ({"age": "most_frequent"}, 10), ({"age": -1.5}, -1.5), ({"age": 7}, 7)],
)
def test_ways_to_fill(tmp_path: Path, fill: Any, expected: float) -> None:
    assert csv(tmp_path, fields={"age": NUMBER}, classes={}, categories={}, fill=fill).load(tmp_path)["age"][1] == expected


def test_lists_of_numbers_are_filled_column_by_column_and_classes_by_a_word(tmp_path: Path) -> None:
    text = "x_0,x_1,ok,label\n1,,true,a\n,4,,b\n3,8,true,\n"
    fields = {"x": PAIR, "ok": TRUTH, "label": WHOLE}
    fill = {"x": "mean", "ok": "most_frequent", "label": "b"}
    found = csv(tmp_path, text, fields=fields, classes={"label": ["a", "b"]}, categories={}, fill=fill).load(tmp_path)
    assert found["x"].tolist() == [[1, 6], [2, 4], [3, 8]] and found["ok"].tolist() == [True] * 3 and found["label"].tolist() == [0, 1, 1]


def test_what_is_learned_comes_from_training_alone(tmp_path: Path) -> None:
    rows = [(i if i % 3 else None, f"t{i % 7}") for i in range(60)]
    text = "age,town\n" + "".join(f"{'' if age is None else age},{town}\n" for age, town in rows)
    op = csv(tmp_path, text, fields={"age": NUMBER, "town": WHOLE}, classes={}, categories={"town": 9}, fill={"age": "mean"}, test=0.3)
    held = choose_held_out(60, 0.3)
    train = [row for row, out in zip(rows, held, strict=True) if not out]
    data, known = op.learn(tmp_path, None)
    assert known and known["fill"]["age"] == [statistics.fmean(age for age, _ in train if age is not None)]
    test = op.test_part()
    assert test is not None
    seen, again = test.learn(tmp_path, known)
    assert again == known and len(seen["age"]) == held.sum() and len(data["age"]) == 60 - held.sum()
    wanted = [known["fill"]["age"][0] if age is None else age for (age, _), out in zip(rows, held, strict=True) if out]
    np.testing.assert_array_equal(seen["age"], np.float32(wanted))


def test_a_word_that_training_never_saw_is_category_0(tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("age,rooms,town,label\n1,1,Trier,no\n2,2,Bonn,no\n3,3,,no\n")
    fill = {"age": 0, "rooms": 1, "town": "Ulm"}
    op = csv(tmp_path, test="new.csv", fill=fill)
    _, known = op.learn(tmp_path, None)
    test = op.test_part()
    assert test is not None and test.learn(tmp_path, known)[0]["town"].tolist() == [0, 2, 1]


def test_lines_with_missing_values_are_left_out(tmp_path: Path) -> None:
    assert csv(tmp_path, drop_missing=True).load(tmp_path)["age"].tolist() == [10]
    found = csv(tmp_path, drop_missing=["age", "town"], fill={"rooms": "median"}).load(tmp_path)
    assert found["age"].tolist() == [10, 30] and found["rooms"].tolist() == [1, 1]
    every = problem(tmp_path, "age\nNA\n", fields={"age": NUMBER}, classes={}, categories={}, drop_missing=True, missing=["NA"])
    assert isinstance(every, arrays.EveryLineDropped)


def test_marks_of_missing_values_may_be_words_and_numbers(tmp_path: Path) -> None:
    text = TEXT.replace("10,1", "NA,1").replace("30,", "-999,")
    found = csv(tmp_path, text, missing=["", "NA", "-999"], fill={"age": "mean", "rooms": 0, "town": "most_frequent"}).load(tmp_path)
    assert found["age"].tolist() == [50] * 4 and found["town"].tolist() == [1, 2, 1, 1]


def test_several_files_are_one_table(tmp_path: Path) -> None:
    folder = tmp_path / "sales"
    folder.mkdir()
    for name, text in {"b.csv": "label,x\n2,3\n", "a.csv": "x,label\n1,0\n2,1\n", ".hidden.csv": "x\n"}.items():
        (folder / name).write_text(text)
    fields = {"x": NUMBER, "label": WHOLE}
    for file in ("sales/*.csv", ["sales/a.csv", "sales/b.csv"]):
        found = Csv(file=file, fields=fields).load(tmp_path)  # type: ignore[arg-type]
        assert found["x"].tolist() == [1, 2, 3] and found["label"].tolist() == [0, 1, 2]
    with pytest.raises(Mistake) as caught:
        Csv(file="sales/*.tsv", fields=fields).load(tmp_path)
    assert isinstance(caught.value.diagnostic, files.MissingData)


def test_predicted_words_and_gaps_get_their_numbers(tmp_path: Path) -> None:
    op = csv(tmp_path, fill={"age": "mean", "rooms": 2, "town": "most_frequent"})
    known = op.learn(tmp_path, None)[1]
    found = op.encoded({"town": ["Bonn", "Trier", None], "age": [1.0, None], "rooms": [None], "label": ["yes"]}, known)
    assert found == {"town": [2, 0, 1], "age": [1.0, 30.0], "rooms": [2], "label": [1]}


# --- refused ---------------------------------------------------------------------------------------------------------


def test_a_missing_value_without_a_word_on_it_is_refused_with_what_to_write(tmp_path: Path) -> None:
    found = problem(tmp_path)
    assert isinstance(found, arrays.BadValue) and "line 3 of" in found.message()
    assert (
        found.help()
        == 'a value is missing: write `fill={age: "mean"}`, or `drop_missing=["age"]` in place of `fill`, which leaves such lines out'
    )
    other = problem(tmp_path, TEXT.replace("10,1", "n/a,1"), drop_missing=True)
    assert other.help() == 'a value is missing: write `missing=["", "n/a"]`'


def test_more_categories_than_the_spec_has_room_for(tmp_path: Path) -> None:
    found = problem(tmp_path, categories={"town": 2}, drop_missing=True, fields={"town": WHOLE}, classes={})
    assert isinstance(found, arrays.TooManyCategories) and found.found == 3
    empty = problem(tmp_path, "age\n\n\n", fields={"age": NUMBER}, classes={}, categories={}, missing=["-"], fill={"age": "mean"})
    assert "holds no records" in empty.message()
    nothing = problem(tmp_path, "age\n-\n", fields={"age": NUMBER}, classes={}, categories={}, missing=["-"], fill={"age": "mean"})
    assert isinstance(nothing, arrays.NothingToFillWith)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"fill": {"town": 3.0}}, "a word"),
        ({"fill": {"label": "maybe"}}, "one of its `classes`"),
        ({"fill": {"rooms": "mean"}}, 'a whole number, "median" or "most_frequent"'),
        ({"fill": {"rooms": 1.5}}, "a whole number"),
        ({"fill": {"rooms": 3e9}}, "more than it holds"),
        ({"fill": {"age": "middle"}}, "a number"),
        ({"fill": {"age": True}}, "a number"),
        ({"fill": {"agee": 1}}, "`agee` among `fill`"),
        ({"drop_missing": ["agee"]}, "`agee` among `drop_missing`"),
        ({"categories": {"age": 3}}, "not one whole number"),
        ({"categories": {"label": 3}}, "either its words are given or they are learned"),
        ({"categories": {"town": 1}}, "above 1"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(BadArguments, match=words):
        Csv(file="t.csv", **{"fields": FIELDS, **WORDS, **arguments})


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"fill": {}, "words": {"town": ["Ulm"]}},
        {"fill": {"age": [1.0]}, "words": {}},
        {"fill": {"age": [1.0]}, "words": {"town": ["a", "a"]}},
        {"fill": {"age": [1.0]}, "words": {"town": ["a", "b", "c", "d"]}},
        {"fill": {"age": ["x"]}, "words": {"town": ["a"]}},
        {"fill": {"age": [1.0, 2.0]}, "words": {"town": ["a"]}},
    ],
)
def test_a_run_that_learned_something_else_is_refused(known: Any) -> None:
    with pytest.raises(ValueError):
        Csv(file="t.csv", fields=FIELDS, classes=WORDS["classes"], categories=WORDS["categories"], fill={"age": "mean"}).require_learned(
            known
        )


def test_what_is_set_aside_for_validation_teaches_nothing(tmp_path: Path) -> None:
    text = "age,town\n10,Ulm\n20,Ulm\n,Bonn\n900,Trier\n"
    op = csv(tmp_path, text, fields={"age": NUMBER, "town": WHOLE}, classes={}, fill={"age": "mean"})
    data, known = op.learn_part(tmp_path, np.array([0, 1, 2]))
    assert known == {"fill": {"age": [15.0]}, "words": {"town": ["Ulm", "Bonn"]}}
    assert data["age"].tolist() == [10, 20, 15, 900] and data["town"].tolist() == [1, 1, 2, 0]
