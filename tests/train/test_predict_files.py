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
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import NoSuchColumn
from netspec.testing.checks import hold
from netspec.train.predictions.file_prediction import make_predictor

FLOWERS = """netspec 1

model Flowers {
  input x: f32[B, 2]
  output logits = x -> dense(3)
  output guess = x -> dense(1)
}

train Flowers {
  data = csv("flowers.csv", fields={x: f32[2], label: i32[], price: f32[]}, columns={x: ["long", "wide"], label: "kind"},
    classes={label: ["rose", "lily", "iris"]}, test=0.2) -> class_weights("label")
    -> normalize(100, 20, field="price") -> normalize(1, 2, field="x") -> batch(8)
  loss = softmax_cross_entropy(logits, label, weight=weight) + mean_squared_error(guess[:, 0], price)
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
PICTURES = """netspec 1

model Pictures { input image: f32[B, 8, 8, 1]; output logits = image -> flatten -> dense(10) }

train Pictures { data = digits() -> batch(64); loss = softmax_cross_entropy(logits, label); optimizer = sgd(0.1); duration = 2 steps }
"""
LINES = """netspec 1

model Lines {
  dim N >= 2
  input text: u8[B, N]
  output logits = cast(text, i32) -> embed(256, 8) -> dense(256)
}

train Lines {
  data = text_lines("lines.txt") -> batch(2)
  loss = softmax_cross_entropy(logits[:, :-1], cast(text[:, 1:], i32), mask=iota(N - 1)[none, :] < length[:, none])
  optimizer = adam(0.1)
  duration = 4 steps
}

serve Lines { text = greedy(logits, stop=0, limit=4) }
"""
SPECS = {"flowers": FLOWERS, "tags": TAGS, "pictures": PICTURES, "lines": LINES}
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
    """A run of each spec, and files of examples without labels."""
    here = tmp_path_factory.mktemp("people")
    write_flowers(here / "flowers.csv", 40)
    write_flowers(here / "new.csv", 11, labels=False)
    sentences = [sentence("the", "dog", "barks"), sentence("a", "cat", "sleeps"), sentence("the", "cat"), sentence("a", "dog")]
    (here / "train.conllu").write_text("".join(sentences))
    (here / "new.conllu").write_text(sentence("the", "cat", "barks", tags=False) + sentence("dog", tags=False))
    (here / "lines.txt").write_text("abab\nab\nababab\nabababab\n")
    for name, text in SPECS.items():
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
    (tmp_path / "new.csv").write_text((home / "new.csv").read_text().replace(",", ";"))
    for name in ("new.tsv", "new.csv", "new.jsonl", "fields.jsonl", "new.npz"):
        assert [(row["label"], row["price"]) for row in run.predict_files(tmp_path / name)] == wanted, name
    both = run.predict_files(tmp_path / "new.tsv", tmp_path / "new.jsonl")
    assert [row["file"] for row in both[10:12]] == [str(tmp_path / "new.tsv"), str(tmp_path / "new.jsonl")]
    assert [both[10]["row"], both[12]["line"]] == [11, 3]
    files = [str(tmp_path / "new.tsv"), str(tmp_path / "new.csv")]
    assert predict(home, "flowers", *files, "--output", str(tmp_path / "out.npz")) == 0
    assert np.load(tmp_path / "out.npz")["file"][[0, -1]].tolist() == files


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


def test_a_treebank_is_written_again_with_its_tags(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    multiword = "# new\n1-2\tthedog" + "\t_" * 8 + "\n"
    text = multiword + sentence("the", "dog", tags=False) + sentence("a", "cat", "sleeps", tags=False).rstrip()
    (tmp_path / "new.conllu").write_text(text)
    (tmp_path / "new.jsonl").write_text('{"words": ["the", "dog"]}\n')
    assert predict(home, "tags", str(tmp_path / "new.conllu"), "--output", str(tmp_path / "out.conllu")) == 0
    tagged = [sentence("the", "dog"), sentence("a", "cat", "sleeps")]
    assert (tmp_path / "out.conllu").read_text() == text.split("1\tthe\t")[0] + "".join(tagged)
    files = [str(tmp_path / "new.jsonl"), str(tmp_path / "new.conllu")]
    assert predict(home, "tags", *files, "--output", str(tmp_path / "both.conllu")) == 0
    assert (tmp_path / "both.conllu").read_text() == tagged[0] + (tmp_path / "out.conllu").read_text()
    capsys.readouterr()
    assert predict(home, "flowers", str(home / "new.csv"), "--output", str(tmp_path / "more.conllu")) == 1
    assert ".jsonl or .npz" in capsys.readouterr().err
    assert predict(home, "tags", *files, "--outputs", "--output", str(tmp_path / "more.conllu")) == 1
    assert "error[answer-not-flat]" in capsys.readouterr().err


def test_words_in_json_lines_are_tagged(home: Path, tmp_path: Path) -> None:
    (tmp_path / "new.jsonl").write_text('{"words": ["the", "dog"]}\n{"words": ["cat"], "who": "me"}\n')
    rows = netspec.load(home / "tags").predict_files(tmp_path / "new.jsonl")
    assert [(row["line"], row["words"], row["tag"]) for row in rows] == [(1, ["the", "dog"], ["DET", "NOUN"]), (2, ["cat"], ["NOUN"])]


def test_outputs_as_they_are_and_what_a_table_has_no_place_for(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(home, "tags", str(home / "new.conllu"), "--outputs", "--output", str(tmp_path / "out.csv")) == 1
    assert "error[answer-not-flat]: `scores` has more axes" in capsys.readouterr().err
    assert predict(home, "flowers", str(home / "new.csv"), "--outputs", "--output", str(tmp_path / "out.csv")) == 0
    assert (tmp_path / "out.csv").read_text().splitlines()[0] == "row,logits_0,logits_1,logits_2,guess_0"


def test_texts_stand_in_lines_and_in_a_column(home: Path, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("a\nab, b\n")
    (tmp_path / "new.csv").write_text('who,text\nme,a\nyou,"ab, b"\n')
    run = netspec.load(home / "lines")
    lines = run.predict_files(tmp_path / "new.txt")
    assert [(row["row"], row["text"]) for row in lines] == [(1, "a"), (2, "ab, b")] and len(lines[0]["answer"]) <= 4
    assert run.predict_files(tmp_path / "new.csv") == lines


def save_picture(path: Path, side: int) -> None:
    pytest.importorskip("PIL.Image").fromarray(np.zeros((side, side), np.uint8)).save(path)


UNFIT: dict[str, tuple[str, str, str | bytes | int, str, str]] = {
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
    "an empty table": ("flowers", "a.csv", "", "`a.csv`", ""),
    "a header alone": ("flowers", "a.csv", "long,wide\n", "`a.csv`", ""),
    "a table of bytes": ("flowers", "a.csv", b"\x89PNG\xff\n", "line 1 of `a.csv`", ""),
    "an open quote": ("flowers", "a.csv", 'long,wide\n1,"2\n', "line 2 of `a.csv`", "quote"),
    "a value too few": ("flowers", "a.csv", "long,wide\n1,2\n1\n", "line 3 of `a.csv`", "2 columns"),
    "empty lines": ("flowers", "a.jsonl", "\n\n", "`a.jsonl`", ""),
    "no archive": ("flowers", "a.npz", "long", "`a.npz`", ""),
    "an empty archive": ("flowers", "a.npz", "", "`a.npz`", ""),
    "lines of bytes": ("flowers", "a.jsonl", b'{"x": "\xff"}', "line 1 of `a.jsonl`", ""),
    "an empty treebank": ("tags", "a.conllu", "", "`a.conllu`", ""),
    "a treebank of bytes": ("tags", "a.conllu", b"1\t\xff\n", "line 1 of `a.conllu`", ""),
    "an empty text": ("lines", "a.txt", "", "`a.txt`", ""),
    "a text of bytes": ("lines", "a.txt", b"one\ntw\xff\n", "line 2 of `a.txt`", ""),
    "no column of texts": ("lines", "a.csv", "who,words\nme,a\n", "`a.csv` has no `text`", "`words`"),
    "a picture of a text": ("lines", "a.png", "", "its data were no pictures", "tables (.csv) with a column `text`"),
    "no picture": ("pictures", "a.png", "nothing", "`a.png`", ""),
    "an empty picture": ("pictures", "a.png", "", "`a.png`", ""),
    "a picture of another size": ("pictures", "a.png", 9, "`a.png`", "8"),
    "a folder without pictures": ("pictures", ".", "", "`.`", ""),
}


def test_what_is_said_of_files_that_do_not_fit(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def is_said(case: tuple[str, str, str | bytes | int, str, str]) -> None:
        run, name, text, message, help = case
        for file in tmp_path.iterdir():
            file.unlink()
        if isinstance(text, int):
            save_picture(tmp_path / name, text)
        elif name not in ("b.csv", "."):
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        code = predict(home, run, name)
        said = " ".join(capsys.readouterr().err.split())
        assert code == (2 if name == "b.csv" else 1), said
        assert message in said and help in said and said.count("error[") == 1, said

    hold((is_said,), *UNFIT.values())


SERIES = """netspec 1

model Town {
  input x: f32[B, 8, 2]
  output ahead = x -> flatten -> dense(2)
}

train Town {
  data = csv("town.csv", fields={x: f32[2], label: f32[]}, columns={x: ["warmth", "load"], label: "load"}, test=0.2, split_by="time")
    -> windows(8, horizon=2, target="label") -> batch(16)
  loss = mean_squared_error(ahead, label)
  optimizer = adam(0.05)
  duration = 30 epochs
}
"""


def test_a_column_that_predictions_lack_is_to_be_added_to_the_file_not_to_the_spec(tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("warmth,wind\n" + "1,2\n" * 9)

    def told(text: str) -> str | None:
        (tmp_path / "m.net").write_text(text)
        program = netspec.compile(tmp_path / "m.net")
        with pytest.raises(Mistake) as caught:
            list(make_predictor(program, None, outputs=True).rows([tmp_path / "new.csv"]))
        assert isinstance(caught.value.diagnostic, NoSuchColumn)
        return caught.value.diagnostic.help()

    past = "answers are made of the past of every column of `x`, that of the label too where it was trained on it"
    assert told(SERIES) == f"{past}: add it to the file, which has `warmth`, `wind`"
    assert told(FLOWERS) == "the model was trained with `x`, so answers need it too: add it to the file, which has `warmth`, `wind`"


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
