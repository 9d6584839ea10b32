"""`netspec predict RUN FILE…`: from a person's files to answers with names, and what is said of those that do not fit.

One run of each of two kinds of data is trained for a few steps by the command line; the answers are held against `predict` of the arrays.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.testing.checks import hold

FLOWERS = """netspec 1

model Flowers {
  input x: f32[B, 2]
  output logits = x -> dense(3)
  output guess = x -> dense(1)
}

train Flowers {
  data = csv("flowers.csv", fields={x: f32[2], label: i32[], price: f32[]}, columns={x: ["long", "wide"], label: "kind"},
    classes={label: ["rose", "lily", "iris"]}, test=0.2) -> normalize(100, 20, field="price") -> normalize(1, 2, field="x") -> batch(8)
  loss = softmax_cross_entropy(logits, label) + mean_squared_error(guess[:, 0], price)
  optimizer = adam(0.1)
  duration = 12 steps
}
"""
TAGS = """netspec 1

model Tags {
  dim T <= 5
  input words: i32[B, T]
  output scores = words -> embed(20, 8) -> dense(5)
}

train Tags {
  data = conllu("train.conllu", size=20, tags=5, min_count=1, tag="UPOS") -> batch(4)
  let mask = iota(T)[none, :] < length[:, none]
  loss = softmax_cross_entropy(scores, tag, mask=mask)
  optimizer = adam(0.1)
  duration = 30 steps
}
"""
KINDS = ("rose", "lily", "iris")


def write_flowers(path: Path, count: int, labels: bool = True) -> list[dict[str, object]]:
    rng = np.random.default_rng(count)
    rows = []
    for number in range(count):
        kind = int(rng.integers(3))
        long, wide = (rng.normal(size=2) + [3 * kind, -kind]).round(2).tolist()
        row = {"id": f"f{number}", "wide": wide, "long": long}
        rows.append({**row, "kind": KINDS[kind], "price": 100 + 20 * long} if labels else row)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows


def sentence(*words: str, tags: bool = True) -> str:
    known = {"the": "DET", "a": "DET", "dog": "NOUN", "cat": "NOUN", "barks": "VERB", "sleeps": "VERB"}
    return "".join(f"{n}\t{w}\t_\t{known[w] if tags else '_'}" + "\t_" * 6 + "\n" for n, w in enumerate(words, 1)) + "\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs `flowers` and `tags`, and files of examples without labels."""
    here = tmp_path_factory.mktemp("people")
    write_flowers(here / "flowers.csv", 40)
    write_flowers(here / "new.csv", 11, labels=False)
    sentences = [sentence("the", "dog", "barks"), sentence("a", "cat", "sleeps"), sentence("the", "cat"), sentence("a", "dog")]
    (here / "train.conllu").write_text("".join(sentences))
    (here / "new.conllu").write_text(sentence("the", "cat", "barks", tags=False) + sentence("dog", tags=False))
    for name, text in (("flowers", FLOWERS), ("tags", TAGS)):
        (here / f"{name}.net").write_text(text)
        assert main(["train", str(here / f"{name}.net"), "--data", str(here), "--out", str(here / name)]) == 0
    return here


def predict(home: Path, run: str, *words: str) -> int:
    return main(["predict", str(home / run), *words])


def test_a_table_becomes_names_probabilities_and_numbers_in_their_own_units(home: Path, tmp_path: Path) -> None:
    assert predict(home, "flowers", str(home / "new.csv"), "--top", "2", "--output", str(tmp_path / "out.csv")) == 0
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    x = np.array([[row["long"], row["wide"]] for row in write_flowers(tmp_path / "again.csv", 11, labels=False)], np.float32)
    made = netspec.load(home / "flowers").predict(x=(x - 1) / 2)
    order = np.argsort(-made["logits"], -1)
    assert list(rows[0]) == ["row", "label", "label_probability", "label_2", "label_2_probability", "price"]
    assert [(row["label"], row["label_2"]) for row in rows] == [(KINDS[i], KINDS[k]) for i, k, _ in order.tolist()]
    chances = np.exp(made["logits"]) / np.exp(made["logits"]).sum(-1, keepdims=True)
    np.testing.assert_allclose([float(row["label_probability"]) for row in rows], chances.max(-1), rtol=1e-5)
    np.testing.assert_allclose([float(row["price"]) for row in rows], made["guess"][:, 0] * 20 + 100, rtol=1e-5)


def test_the_same_examples_in_every_form_of_file_have_the_same_answers(home: Path, tmp_path: Path) -> None:
    rows = write_flowers(home / "new.csv", 11, labels=False)
    (tmp_path / "new.tsv").write_text((home / "new.csv").read_text().replace(",", "\t"))
    (tmp_path / "new.jsonl").write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    (tmp_path / "fields.jsonl").write_text("".join(json.dumps({"x": [r["long"], r["wide"]]}) + "\n" for r in rows))
    np.savez(tmp_path / "new.npz", x=np.array([[r["long"], r["wide"]] for r in rows], np.float32))
    run = netspec.load(home / "flowers")
    wanted = [(row["label"], row["price"]) for row in run.predict_files(home / "new.csv")]
    for name in ("new.tsv", "new.jsonl", "fields.jsonl", "new.npz"):
        assert [(row["label"], row["price"]) for row in run.predict_files(tmp_path / name)] == wanted, name
    both = run.predict_files(tmp_path / "new.tsv", tmp_path / "new.jsonl")
    assert [row["file"] for row in both[10:12]] == [str(tmp_path / "new.tsv"), str(tmp_path / "new.jsonl")]
    assert [both[10]["row"], both[12]["line"]] == [11, 3]


def test_tags_stand_beside_their_words(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(home, "tags", str(home / "new.conllu")) == 0
    lines = [line.split()[:3] for line in capsys.readouterr().out.splitlines()]
    assert lines == [["row", "words", "tag"], ["1", "the", "DET"], ["1", "cat", "NOUN"], ["1", "barks", "VERB"], ["2", "dog", "NOUN"]]
    assert predict(home, "tags", str(home / "new.conllu"), "--output", str(tmp_path / "out.jsonl")) == 0
    first = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert (first["words"], first["tag"], len(first["tag_probability"])) == (["the", "cat", "barks"], ["DET", "NOUN", "VERB"], 3)
    assert predict(home, "tags", str(home / "new.conllu"), "--output", str(tmp_path / "out.npz")) == 0
    arrays = np.load(tmp_path / "out.npz")
    assert arrays["tag"].tolist() == [["DET", "NOUN", "VERB"], ["NOUN", "", ""]] and arrays["length"].tolist() == [3, 1]


def test_words_in_json_lines_are_tagged(home: Path, tmp_path: Path) -> None:
    (tmp_path / "new.jsonl").write_text('{"words": ["the", "dog"]}\n{"words": ["cat"], "who": "me"}\n')
    rows = netspec.load(home / "tags").predict_files(tmp_path / "new.jsonl")
    assert [(row["line"], row["words"], row["tag"]) for row in rows] == [(1, ["the", "dog"], ["DET", "NOUN"]), (2, ["cat"], ["NOUN"])]


def test_outputs_as_they_are_and_what_a_table_has_no_place_for(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(home, "tags", str(home / "new.conllu"), "--outputs", "--output", str(tmp_path / "out.csv")) == 1
    assert "error[answer-not-flat]: `scores` has more axes" in capsys.readouterr().err
    assert predict(home, "flowers", str(home / "new.csv"), "--outputs", "--output", str(tmp_path / "out.csv")) == 0
    assert (tmp_path / "out.csv").read_text().splitlines()[0] == "row,logits_0,logits_1,logits_2,guess_0"


UNFIT = {
    "nearest column": ("flowers", "a.csv", "lnog,wide\n1,2\n", "`a.csv` has no `long`, which the field `x` is made of", "`lnog`"),
    "line of a bad value": ("flowers", "a.csv", "long,wide\n1,2\n1,big\n", 'line 3 of `a.csv` has "big" in the column `wide`', ""),
    "no object": ("flowers", "a.jsonl", '{"x": [1, 2]}\n[1, 2]\n', "line 2 of `a.jsonl` is no JSON object", "each line is one example"),
    "no number": ("flowers", "a.jsonl", '{"x": [1, NaN]}\n', "line 1 of `a.jsonl` is no JSON object: NaN is no number of JSON", ""),
    "no JSON": ("flowers", "a.jsonl", '{"x": [1, 2]\n', "line 1 of `a.jsonl` is no JSON object", ""),
    "nearest name": ("flowers", "a.jsonl", '{"lonq": 1, "wide": 2}\n', "line 1 of `a.jsonl` has no `long`", "`lonq`"),
    "too few numbers": ("flowers", "a.jsonl", '{"x": [1]}\n', "line 1 of `a.jsonl` has a list [1] for `x`, not f32[2]", ""),
    "a word for a number": ("flowers", "a.jsonl", '{"x": [1, "b"]}\n', 'line 1 of `a.jsonl` has "b" for `x`, not f32[2]', ""),
    "a bad line of words": ("tags", "a.conllu", "1\tdog\n", "line 1 of `a.conllu`", ""),
    "another kind": ("tags", "a.csv", "words\ndog\n", "`a.csv` is no file that this run can predict from", "JSON lines"),
    "a picture": ("flowers", "a.png", "", "its data were no pictures", "arrays (.npz)"),
    "nothing there": ("flowers", "b.csv", "", "there is no file `b.csv`", ""),
    "a folder": ("flowers", ".", "", "it is a folder", "arrays (.npz)"),
}


def test_what_is_said_of_files_that_do_not_fit(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def is_said(case: tuple[str, str, str, str, str]) -> None:
        run, name, text, message, help = case
        if name not in ("b.csv", "."):
            (tmp_path / name).write_text(text)
        assert predict(home, run, name) == (2 if name == "b.csv" else 1)
        said = " ".join(capsys.readouterr().err.split())
        assert message in said and help in said, said

    hold((is_said,), *UNFIT.values())


def test_an_example_that_the_model_cannot_take_is_named_by_its_line(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_text('{"words": ["the"]}\n\n{"words": ["the", "dog", "barks", "the", "dog", "barks"]}\n')
    assert predict(home, "tags", str(tmp_path / "a.jsonl")) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert f"line 3 of `{tmp_path / 'a.jsonl'}` cannot be predicted: " in said


def test_axes_that_moved_are_told(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 5), np.float32))
    assert predict(home, "flowers", str(tmp_path / "a.npz")) == 1
    said = capsys.readouterr().err
    assert "the array `x`" in said and "f32[2, 5], not f32[B, 2]" in said


def test_words_of_the_command_line(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(home, "flowers") == 1
    assert "error[prediction-inputs]" in capsys.readouterr().err
    assert predict(home, "flowers", str(home / "new.csv"), "--output", str(tmp_path / "out.xlsx")) == 1
    assert "error[answers-of-unknown-form]" in capsys.readouterr().err
    assert predict(home, "flowers", str(home / "new.csv"), "--top", "0") == 2
    assert predict(home, "flowers", str(home / "new.csv"), "--output", str(home / "new.csv")) == 2
    assert "error[already-exists]" in capsys.readouterr().err
