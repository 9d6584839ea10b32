"""Weights go from one training to another only where the numbers of both data mean the same names, or where a person says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.train.known_names import KEY, Names, describe_difference, find_names, pack_names, read_names
from netspec.train.learned_vocabularies import read_learned
from netspec.train.run_folder import open_run
from netspec.train.weight_files import read_weights

SPEC = """netspec 1
model M {
  input town: i32[B]
  input x: f32[B]
  output found = concat(town -> embed(4, 3), rearrange(x, "b -> b 1"), axis=1) -> dense(CLASSES)
}
train M {
  data = csv("FILE.csv", fields={town: i32[], x: f32[], label: i32[]}, categories={town: 4}, classes={label: WORDS}) -> batch(4)
  loss = softmax_cross_entropy(found, label)
  optimizer = sgd(0.1)
  duration = 2 steps
}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three tables: `b` has the towns of `a` in another order of frequency, `c` one class more."""
    monkeypatch.chdir(tmp_path)
    for name, towns, words in (("a", "uuuv", ["no", "yes"]), ("b", "vvvu", ["no", "yes"]), ("c", "uuuv", ["no", "yes", "maybe"])):
        rows = [f"{towns[i % 4]},{i}.5,{words[i % len(words)]}" for i in range(24)]
        Path(f"{name}.csv").write_text("\n".join(["town,x,label", *rows]) + "\n")
        text = SPEC.replace("FILE", name).replace("CLASSES", str(len(words))).replace("WORDS", json.dumps(words))
        Path(f"{name}.net").write_text(text)
    return tmp_path


def train(capsys: pytest.CaptureFixture[str], name: str, out: str, *words: str, code: int = 0) -> str:
    assert main(["train", f"{name}.net", "--data", ".", "--out", out, *words]) == code, capsys.readouterr().err
    found = capsys.readouterr()
    return found.err if code else found.out


def test_other_names_are_refused_and_taken_when_a_person_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Some seconds, for five trainings of two steps."""
    train(capsys, "a", "one")
    told = train(capsys, "b", "two", "--init-from", "one", code=1)
    assert "error[initial-names-differ]: the weights of `one` were trained on other names:" in told
    assert (
        "the classes of `town`: the same ones in another order: number 1 is `v`, and was `u`" in told
        and told.count("another order") == 1
        and "`--other-names`" in told
    )
    assert "  other names: " in train(capsys, "b", "two", "--init-from", "one", "--other-names")
    assert "other names" not in train(capsys, "a", "three", "--init-from", "one")
    for kind, file in (("safetensors", "w.safetensors"), ("flax", "w.msgpack")):
        assert main(["export", "one", "--to", kind, "-o", file]) == 0
    assert "are others, or in another order" in train(capsys, "b", "four", "--init-from", "w.safetensors", code=1)
    assert KEY in read_weights(Path("w.safetensors"))[1]
    assert "the classes of `label`: there are 3, and were 2" in train(capsys, "c", "five", "--init-from", "one", "--partial")
    assert "error[no-initial-weights]: `--other-names`" in train(capsys, "a", "six", "--other-names", code=1)
    run = open_run("one")
    import netspec

    plan = netspec.compile("a.net").plan
    names = find_names(plan, read_learned(run.path, plan))
    assert {own.count for own in names.values()} == {2, 3} and read_names(pack_names(names)).keys() == names.keys()


def test_what_is_another_is_told_with_the_first_number() -> None:
    def of(*texts: str) -> Names:
        return Names(len(texts), "", texts)

    assert describe_difference(of("a", "b", "c"), of("a", "c", "b")) == "the same ones in another order: number 1 is `c`, and was `b`"
    assert describe_difference(of("a", "b"), of("a", "x")) == "not the same 2: number 1 is `x`, and was `b`"
    assert describe_difference(of("a"), of("a", "x")) == "there are 2, and were 1"
    assert "are others" in describe_difference(Names(1_500, ""), Names(1_500, ""))


@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"a": 1}', '{"a": {"count": -1, "sha256": ""}}', '{"a": {"count": 1}}'])
def test_metadata_that_say_nothing_of_names_are_none(text: str | None) -> None:
    assert read_names(text) == {}
