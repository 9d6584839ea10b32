"""Training, validation and test: who measures what, in the run folder, from the command line and from Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.cli.training_commands import pack_arrays
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.spec_error import SpecError
from netspec.library.data.datasets.digits import Digits
from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file

SPEC = """netspec 1
model M {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(10)
}
train M {
  data = DATA -> shuffle -> batch(60)
  loss = softmax_cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  optimizer = adam(0.3)
  duration = 4 epochs
  MORE
}
"""


def written(folder: Path, data: str = "digits()", more: str = "") -> Path:
    path = folder / "m.net"
    path.write_text(SPEC.replace("DATA", data).replace("MORE", more), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run at a rate so high that its last evaluation is not its best."""
    folder = tmp_path_factory.mktemp("parts")
    assert main(["train", str(written(folder)), "--out", str(folder / "run")]) == 0
    return folder / "run"


def formatted_text(text: str) -> str:
    file, problems = parse(Source("m.net", text))
    assert file is not None and not problems
    return print_file(file)


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_best_is_chosen_by_validation_and_measured_on_the_test_part_once(run: Path) -> None:
    rows = lines(run)
    assert [r["split"] for r in rows] == ["train", "validation"] * 4 + ["test"]
    validated = {r["step"]: r["loss"] for r in rows if r["split"] == "validation"}
    best = min(validated, key=lambda step: validated[step])
    assert rows[-1]["checkpoint"] == best and rows[-1]["step"] == max(validated)
    loaded = netspec.load(run)
    assert loaded.step == best
    assert loaded.evaluate(part="test")["loss"] == rows[-1]["loss"]
    assert loaded.evaluate()["loss"] == loaded.evaluate(part="validation")["loss"] == validated[best]


def test_the_parts_are_those_of_the_dataset(run: Path) -> None:
    program = netspec.load(run).program
    feeds = program.feeds(None, None, None)
    sizes = [len(feed.arrays["label"]) for feed in feeds if feed is not None]  # type: ignore[attr-defined]
    assert sizes == [1293, 144, 360]
    train, held = (feed.arrays["image"].reshape(-1, 64) for feed in feeds[:2])  # type: ignore[union-attr]
    every = Digits().load(None)["image"].reshape(-1, 64)
    assert sorted(map(bytes, np.concatenate([train, held]))) == sorted(map(bytes, every))


def test_eval_names_the_part_that_it_measures(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = {}
    for part in ((), ("--part", "validation"), ("--part", "test"), ("--part", "train")):
        assert main(["eval", str(run), *part]) == 0
        said[part] = capsys.readouterr().out
    assert said[()] == said[("--part", "validation")] and said[()].startswith("validation, step ")
    assert said[("--part", "test")].startswith("test, step ") and said[("--part", "train")].startswith("train, step ")


def test_the_summary_says_which_number_is_whose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(written(tmp_path, more="stop { patience = 1; min_delta = 100 }")), "--out", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert any(line.startswith("stopped early, at step 42: `loss` was not lower by more than 100 in evaluation; ") for line in said)
    assert [line.split(":")[0] for line in said[-5:]] == ["validation", "test", "waited for data", "run folder", "next"]
    assert main(["train", str(tmp_path / "m.net"), "--out", str(tmp_path / "run"), "--resume"]) == 0
    again = capsys.readouterr().out.splitlines()
    assert any(line.startswith("stopped early") for line in again) and [*again[-5:-3], *again[-2:]] == [*said[-5:-3], *said[-2:]]


def test_a_spec_that_names_the_test_part_is_taken_at_its_word(tmp_path: Path) -> None:
    fit = netspec.compile(written(tmp_path, more='eval { data = digits("test") -> batch(60) }')).fit()
    assert {r.split for r in fit.history} == {"train", "test"} and not fit.test
    assert fit.metrics["loss"] == [r for r in fit.history if r.split == "test"][-1].loss


def test_what_is_not_there_is_named(tmp_path: Path, run: Path) -> None:
    program = netspec.compile(written(tmp_path, "digits(validation=none)"))
    with pytest.raises(SpecError, match="no validation part"):
        program.evaluate(program.init(), part="validation")
    assert [r.split for r in program.fit().history] == ["train"] * 4 + ["test"]


def test_arrays_from_python_are_divided_in_the_same_way(tmp_path: Path) -> None:
    data = Digits().load(None)
    whole = netspec.compile(written(tmp_path)).fit()
    fit = netspec.compile(written(tmp_path)).fit(data, test=Digits(part="test").load(None))
    assert [r.values for r in fit.history] == [r.values for r in whole.history] and fit.test == whole.test
    given = netspec.compile(written(tmp_path)).fit(data, validation=Digits(part="test").load(None))
    assert {r.split for r in given.history} == {"train", "validation"}
    fields = "arrays(fields={image: f32[8, 8, 1], label: i32[]}, test=0.1, validation=0.2)"
    cut = netspec.compile(written(tmp_path, fields)).feeds(data, None, None)
    assert [len(feed.arrays["label"]) for feed in cut if feed is not None] == [1034, 259, 144]  # type: ignore[attr-defined]


def test_examples_in_two_parts_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = Digits().load(None)
    program = netspec.compile(written(tmp_path))
    program.fit(data, test={name: values[:50] for name, values in data.items()}, progress=True)
    said = capsys.readouterr().out
    assert "warning[examples-in-two-parts]: of the 50 examples of the test part 40 also stand in the training part" in said
    program.fit(progress=True)
    assert "examples-in-two-parts" not in capsys.readouterr().out


@pytest.mark.parametrize("aside", ["validation=0.2", "test=0.1, validation=0.2"])
def test_records_have_the_numbers_that_they_have_in_the_data(tmp_path: Path, aside: str) -> None:
    """Of any part: a class that there is not, a weight below 0, a number that is none, each at places all over the data."""
    fields = "{image: f32[8, 8, 1], label: i32[], w: f32[]}"
    data = Digits().load(None) | {"w": np.ones(1437, np.float32)}
    program = netspec.compile(written(tmp_path, f"arrays(fields={fields}, {aside})", "weights = w"))
    for place in (0, 17, 700, 701, 702, 703, 1436):
        for field, value in (("label", 12), ("w", -1), ("w", np.nan)):
            bad = {name: np.array(values) for name, values in data.items()}
            bad[field][place] = value
            with pytest.raises((SpecError, Mistake), match=rf"record {place}\b"):
                program.feeds(bad, None, None)
            (tmp_path / "data.npz").write_bytes(pack_arrays(bad))
            with pytest.raises((SpecError, Mistake), match=rf"record {place}\b"):
                program.feeds(None, None, tmp_path / "data.npz")


def test_both_spellings_of_what_is_best_mean_the_same(tmp_path: Path) -> None:
    """The formatter writes one of them."""
    brief, long = "best = max accuracy  # why\n  stop { metric = min loss }", "best = max(accuracy)  # why\n  stop { metric = min(loss) }"
    plans = [netspec.compile(written(tmp_path, more=more)).plan for more in (brief, long)]
    assert [(str(plan.best), str(plan.stop.goal)) for plan in plans if plan and plan.stop] == [("max(accuracy)", "min(loss)")] * 2
    formatted = [formatted_text(SPEC.replace("DATA", "digits()").replace("MORE", more)) for more in (brief, long)]
    assert formatted[0] == formatted[1] and "best = max(accuracy)  # why" in formatted[0]
    for other in ("best = max", "best = accuracy max", "best = max loss accuracy", "seed = max loss", "best = max in"):
        assert not netspec.check(written(tmp_path, more=other)).ok
