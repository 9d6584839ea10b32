"""From a person's files to answers by commands alone, `data`, `train`, `eval`, `predict`: a table, pictures, a treebank, texts, a series.

Each learns something plain in a few steps, so that the answers can be told right or wrong.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netspec.cli.main import main

SLOW = pytest.mark.slow  # each trains a model of its own, of which the table's stays quick


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Runs a command line in an empty folder, which must succeed, and gives what it printed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()

    def run_line(line: str) -> str:
        code = main(line.split())
        said = capsys.readouterr()
        assert code == 0, said.err
        return said.out

    return run_line


def train(run: Callable[[str], str], spec: str) -> None:
    """From the spec to a run that was evaluated."""
    Path("m.net").write_text(spec)
    assert "missing" not in run("data m.net --data data")
    assert "run folder: run" in run("train m.net --data data --out run")
    assert "loss" in run("eval run")


def rows_of(file: str) -> list[dict[str, str]]:
    with open(file, newline="") as opened:
        return list(csv.DictReader(opened))


def test_a_table(run: Callable[[str], str]) -> None:
    rng = np.random.default_rng(0)
    ages = [f"{a:.2f}" if number % 9 else "" for number, a in enumerate(rng.normal(size=200))]
    fares = rng.normal(size=200)
    lines = [
        f'{a},"{"Oslo, N" if f > 0 else "Bath"}",{"yes" if float(a or 0) + f > 0 else "no"},{f:.2f}'
        for a, f in zip(ages, fares, strict=True)
    ]
    Path("data/people.csv").write_text("\ufeff" + "\n".join(["age,town,lived,fare", *lines]) + "\n", encoding="utf-8")
    train(
        run,
        """netspec 1

model M {
  input x: f32[B, 2]
  input town: i32[B]
  output score = concat(x, town -> one_hot(4)) -> dense(8) -> relu -> dense(1)
}

train M {
  data = csv("people.csv", fields={x: f32[2], town: i32[], lived: i32[]}, columns={x: ["age", "fare"]}, fill={x: "mean"},
    categories={town: 4}, classes={lived: ["no", "yes"]}, test=0.2) -> normalize(0.0, 1.0, field="x") -> shuffle -> batch(20)
  loss = sigmoid_cross_entropy(score[:, 0], lived)
  optimizer = adam(0.05)
  duration = 20 epochs
}
""",
    )
    Path("new.csv").write_text('fare,town,age\n2,"Oslo, N",1.5\n-2,Bath,\n-3,Rome,0\n')
    run("predict run new.csv --output answers.csv")
    assert [(row["row"], row["lived"]) for row in rows_of("answers.csv")] == [("1", "yes"), ("2", "no"), ("3", "no")]
    examples = [{"fare": 2, "town": "Oslo, N", "age": 1.5}, {"fare": -2, "town": "Bath", "age": None}, {"x": [0, -3], "town": "Rome"}]
    Path("new.jsonl").write_text("".join(json.dumps(example) + "\n" for example in examples))
    run("predict run new.jsonl --output lines.csv")
    again = [row["lived_probability"] for row in rows_of("lines.csv")]
    np.testing.assert_allclose(
        [float(share) for share in again], [float(row["lived_probability"]) for row in rows_of("answers.csv")], rtol=1e-5
    )


@SLOW
def test_pictures(run: Callable[[str], str]) -> None:
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for shade, kind in ((0, "dark"), (150, "light")):
        Path(f"data/pets/{kind}").mkdir(parents=True)
        for number in range(16):
            pixels = rng.integers(0, 100, (10 + number, 12, 3)) + shade
            image.fromarray(pixels.astype(np.uint8)).save(f"data/pets/{kind}/{number}.png")
    train(
        run,
        """netspec 1

model M {
  input image: f32[B, 8, 8, 3]
  output logits = image -> flatten -> dense(2)
}

train M {
  data = image_folder("pets", size=2) -> random_resized_crop(8) -> normalize(0.5, 0.5) -> shuffle -> batch(8)
  eval { data = image_folder("pets", size=2) -> center_crop(8, share=0.875) -> normalize(0.5, 0.5) -> batch(8) }
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(0.02)
  duration = 5 epochs
}
""",
    )
    Path("new").mkdir()
    gray = np.full((20, 30), 230, np.uint8)
    image.fromarray(gray).save("new/gray.png")
    image.fromarray(np.full((9, 9, 4), [10, 20, 30, 255], np.uint8)).save("new/opaque.png")
    image.fromarray(np.full((9, 9, 3), 20, np.uint8)).convert("CMYK").save("new/ink.jpg")
    run("predict run new data/pets/light/3.png --output answers.jsonl")
    answers = [json.loads(line) for line in Path("answers.jsonl").read_text().splitlines()]
    found = [("new/gray.png", "light"), ("new/ink.jpg", "dark"), ("new/opaque.png", "dark"), ("data/pets/light/3.png", "light")]
    assert [(row["file"], row["label"]) for row in answers] == found


@SLOW
def test_a_treebank(run: Callable[[str], str]) -> None:
    tags = {"the": "DET", "a": "DET", "dog": "NOUN", "cat": "NOUN", "barks": "VERB", "sleeps": "VERB"}

    def sentence(*words: str, known: bool = True) -> str:
        return "".join(f"{n}\t{w}\t_\t{tags[w] if known else '_'}" + "\t_" * 6 + "\n" for n, w in enumerate(words, 1)) + "\n"

    pairs = [("the", "dog", "barks"), ("a", "cat", "sleeps"), ("the", "cat"), ("a", "dog", "sleeps")]
    Path("data/train.conllu").write_text("# sentences\n" + "".join(sentence(*words) for words in pairs * 4))
    train(
        run,
        """netspec 1

model M {
  input words: i32[B, T]
  input length: i32[B]
  output scores = words -> embed(20, 16) -> bidirectional(lstm(8), lengths=length) -> dense(4)
}

train M {
  data = conllu("train.conllu", size=20, tags=4, min_count=1, tag="UPOS") -> shuffle -> batch(4)
  eval { data = conllu("train.conllu", tag="UPOS") -> batch(4) }
  let mask = iota(T)[none, :] < length[:, none]
  loss = softmax_cross_entropy(scores, tag, mask=mask)
  optimizer = adam(0.05)
  duration = 15 epochs
}
""",
    )
    Path("new.conllu").write_text(sentence("the", "cat", "barks", known=False) + sentence("a", "dog", known=False))
    run("predict run new.conllu --output answers.csv")
    assert [row["tag"] for row in rows_of("answers.csv")] == ["DET", "NOUN", "VERB", "DET", "NOUN"]
    assert [row["words"] for row in rows_of("answers.csv")] == ["the", "cat", "barks", "a", "dog"]


ALONE = """  input tokens: i32[B, T]
  output logits = tokens -> embed(290, 32) -> self_attention(2, causal=true) -> dense(290)
"""
PACKED = """  input tokens: i32[B, T]
  input segment: i32[B, T]
  input position: i32[B, T]
  x = (tokens -> embed(290, 32)) + sinusoidal(position, 32)
  output logits = x -> self_attention(2, causal=true, segments=segment) -> dense(290)
"""


@SLOW
@pytest.mark.parametrize("inputs", [ALONE, PACKED], ids=["tokens", "positions and segments"])
def test_texts_that_are_gone_on_with(run: Callable[[str], str], inputs: str) -> None:
    pytest.importorskip("tokenizers")
    Path("data/lines.txt").write_text("".join(f"{one} {two}\n" for one, two in (("red", "rose"), ("blue", "sky"), ("green", "leaf"))) * 16)
    train(
        run,
        """netspec 1

model M {
  dim T >= 2
INPUTS}

train M {
  data = text_lines("lines.txt") -> bpe(290) -> shuffle -> batch(8)
  eval { data = text_lines("lines.txt") -> bpe(290) -> batch(8) }
  loss = softmax_cross_entropy(logits[:, :-1], tokens[:, 1:], ignore=0)
  optimizer = adam(0.03)
  duration = 10 epochs
}

serve M { tokens = greedy(logits, stop=1, limit=6) }
""".replace("INPUTS", inputs),
    )
    Path("new.csv").write_text('id,text\n1,green\n2,"blue"\n')
    run("predict run new.csv --output table.csv")
    assert [row["answer"].strip() for row in rows_of("table.csv")] == ["leaf", "sky"]
    Path("new.txt").write_text("blue\ngreen\nred\n")
    said = run("predict run new.txt").split()
    assert said[:3] == ["row", "text", "answer"] and [said[place] for place in (6, 10, 14)] == ["sky", "leaf", "rose"]
    Path("new.jsonl").write_text('{"text": "green"}\n')
    run("predict run new.jsonl --output answers.jsonl")
    assert json.loads(Path("answers.jsonl").read_text())["answer"].strip() == "leaf"


@SLOW
def test_a_series(run: Callable[[str], str]) -> None:
    wave = 50 + 10 * np.sin(np.arange(400) / 3)
    Path("data/wave.csv").write_text("\n".join(["load,next", *(f"{v:.4f},{v:.4f}" for v in wave)]) + "\n")
    train(
        run,
        """netspec 1

model M {
  input load: f32[B, 8]
  output ahead = load -> dense(2)
}

train M {
  data = csv("wave.csv", fields={load: f32[], next: f32[]}, test=0.2, split_by="time") -> windows(8, horizon=2, target="next")
    -> normalize(50, 10, field="load") -> normalize(50, 10, field="next") -> shuffle -> batch(16)
  loss = mean_squared_error(ahead, next)
  optimizer = adam(0.05)
  duration = 30 epochs
}
""",
    )
    Path("new.csv").write_text("\n".join(["load", *(f"{v:.4f}" for v in wave[:10])]) + "\n")
    run("predict run new.csv --output answers.npz")
    answers = np.load("answers.npz")
    assert answers["row"].tolist() == [8, 9, 10]
    np.testing.assert_allclose(answers["next"], [wave[8:10], wave[9:11], wave[10:12]], atol=1.0)
