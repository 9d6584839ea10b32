"""`netspec compile FILE -o DIR`: one folder that trains by `python DIR train`, to the same bits as the spec that it was written from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.cli.trainer import run_trainer
from netspec.compile import check_readable
from netspec.ir.fingerprint import ir_hash
from netspec.record import replace
from netspec.source import Source
from netspec.testing.checks import hold
from netspec.tools.one_file import write_one_file
from netspec.train.metrics_log import TIMES

PARTS = """netspec 1

import Inner as Deepest from "deep/inner.net"

param width: int = 12

## Twice.
let twice(n: int) = 2 * n

## A part.
block Mlp {
  param factor: int = twice(1)
  input x: f32[B, D]
  h = x -> dense(factor * width)
  output h -> Deepest -> dense(D)
}

block Unused { input x: f32[B, D]; output x -> dense(width) }
"""
INNER = "netspec 1\n\nblock Inner { input x: f32[B, D]; output x -> dense(D) -> relu }\n"
SPEC = """netspec 1

import Mlp as Feed from "lib/parts.net"

param width: int = 8
let twice(n: int) = 3 * n

model M {
  param hidden: int = twice(2)
  input image: f32[B, 8, 8, 1]
  x = image -> flatten -> dense(width) -> dropout(0.1)
  x = x + (x -> layer_norm -> Feed(factor=2)) + (x -> Feed)
  output logits = x -> dense(hidden) -> relu -> dense(10)
}

train M as other { data = digits() -> batch(16); loss = softmax_cross_entropy(logits, label); optimizer = sgd(0.1); duration = 4 steps }

train M as mine {
  data = digits() -> shuffle -> batch(64)
  loss = softmax_cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  optimizer = adam(0.01)
  duration = 20 steps
}

expect M { logits: f32[B, 10] }
"""
OWN = "block Own { input x: f32[B, D]; output x -> dense(2) }\n"
TWO = """
model M { input image: f32[B, 8, 8, 1]; output logits = image -> flatten -> Own -> Part }

train M { data = digits() -> batch(8); loss = mean(logits); optimizer = sgd(0.1); duration = 1 epoch }
"""
WORDS = ["--train", "mine", "--set", "train.duration=24 steps", "--set", "hidden=20"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec of three files, and the folder `trainer` that was written from it."""
    here = tmp_path_factory.mktemp("compile")
    (here / "lib" / "deep").mkdir(parents=True)
    for name, text in (("m.net", SPEC), ("lib/parts.net", PARTS), ("lib/deep/inner.net", INNER)):
        (here / name).write_text(text)
    assert main(["compile", str(here / "m.net"), *WORDS, "-o", str(here / "trainer")]) == 0
    return here


def lines(run: Path) -> list[dict[str, object]]:
    """The metrics of a run without what the clock says."""
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in TIMES} for line in found]


def same_bits(one: Path, other: Path) -> None:
    """Two runs have the same metrics, and the same parameters in their last checkpoints."""
    assert lines(one) == lines(other)
    first, second = (netspec.load(run, "last") for run in (one, other))
    mine, theirs = ({path: np.asarray(x) for path, x in flat(run.program.unpack(run.state)).items()} for run in (first, second))
    assert first.step == second.step and mine.keys() == theirs.keys()
    assert all(mine[path].tobytes() == theirs[path].tobytes() for path in mine)


def flat(tree: object, path: str = "") -> dict[str, object]:
    if not isinstance(tree, dict):
        return {path: tree}
    return {name: leaf for key, value in tree.items() for name, leaf in flat(value, f"{path}/{key}").items()}


def test_the_folder_trains_evaluates_and_predicts_to_the_same_bits(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(home / "m.net"), *WORDS, "--out", str(tmp_path / "plain")]) == 0
    assert run_trainer(home / "trainer", ["train", "--out", str(tmp_path / "run")]) == 0
    same_bits(tmp_path / "plain", tmp_path / "run")
    assert run_trainer(home / "trainer", ["resume", str(tmp_path / "run")]) == 0
    assert "going on after step 24" in capsys.readouterr().out
    assert run_trainer(home / "trainer", ["eval", str(tmp_path / "run")]) == 0
    assert capsys.readouterr().out.startswith("validation, step 24: loss ")
    np.savez(tmp_path / "new.npz", image=np.zeros((3, 8, 8, 1), np.float32))
    assert run_trainer(home / "trainer", ["predict", str(tmp_path / "run"), str(tmp_path / "new.npz")]) == 0
    assert capsys.readouterr().out.split()[:3] == ["row", "label", "label_probability"]


@pytest.mark.slow  # three processes that import JAX
def test_the_folder_alone_is_enough_for_a_process_pinned_to_one_core(home: Path, tmp_path: Path) -> None:
    trainer = tmp_path / "moved"
    (home / "trainer").rename(trainer)
    try:
        cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
        pinned = ["taskset", "-c", str(min(cores))] if sys.platform == "linux" else []
        root = Path(netspec.__file__).parents[1]
        env = {**os.environ, "PYTHONPATH": str(root)}
        plain = ["-m", "netspec", "train", str(home / "m.net"), *WORDS, "--out", "plain"]
        for words in (plain, ["moved", "train", "--out", "run"], ["moved", "eval", "run"]):
            subprocess.run([*pinned, sys.executable, *words], cwd=tmp_path, env=env, check=True, capture_output=True)
        same_bits(tmp_path / "plain", tmp_path / "run")
        assert sorted(os.listdir(trainer)) == ["README.md", "__main__.py", "requirements.txt", "spec.net"]
    finally:
        trainer.rename(home / "trainer")


def test_what_the_folder_holds(home: Path) -> None:
    text = (home / "trainer" / "spec.net").read_text()
    assert "import" not in text and "Unused" not in text and "expect" not in text and "as other" not in text
    assert all(
        word in text for word in ("## A part.", "param width_2: int = 12", "duration = 24 steps", "hidden: int = 20", "-> Mlp(factor=2)")
    )
    assert main(["fmt", "--check", str(home / "trainer" / "spec.net")]) == 0
    pinned = (home / "trainer" / "requirements.txt").read_text().split()
    assert pinned[0] == f"netspec-jax[image]=={netspec.__version__}" and any(line.startswith("jaxlib==") for line in pinned)
    assert "python trainer train" in (home / "trainer" / "README.md").read_text()


def test_bytes_are_the_same_each_time(home: Path, tmp_path: Path) -> None:
    assert main(["compile", str(home / "m.net"), *WORDS, "-o", str(tmp_path / "trainer")]) == 0
    for name in os.listdir(tmp_path / "trainer"):
        assert (tmp_path / "trainer" / name).read_bytes() == (home / "trainer" / name).read_bytes()


def test_what_is_refused(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(home / "m.net"), "-o", str(home / "trainer")]) == 2
    assert "error[already-exists]" in capsys.readouterr().err
    (tmp_path / "model.net").write_text("netspec 1\n\nmodel M { input x: f32[B, 2]; output y = x -> dense(1) }\n")
    assert main(["compile", str(tmp_path / "model.net"), "-o", str(tmp_path / "out")]) == 1
    assert "error[nothing-to-train]" in capsys.readouterr().err
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "parts.net").write_text(f"netspec 1\n\nblock Part {{ input x: f32[B, D]; output x -> Own }}\n{OWN}")
    (tmp_path / "two.net").write_text(f'netspec 1\n\nimport Part from "lib/parts.net"\n\n{OWN}{TWO}')
    assert main(["compile", str(tmp_path / "two.net"), "-o", str(tmp_path / "out")]) == 1
    assert "error[not-one-file]: `Own` is defined at" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    capsys.readouterr()
    assert run_trainer(tmp_path, ["fit"]) == 2 and capsys.readouterr().err.splitlines()[1].strip().startswith("python ")
    assert run_trainer(tmp_path, ["resume"]) == 2 and run_trainer(tmp_path, ["--help"]) == 0


@pytest.mark.slow  # checks every model of the zoo twice
def test_the_zoo_as_one_file_means_the_same(root: Path) -> None:
    def means_the_same(path: Path) -> None:
        checked = check_readable(str(path))
        assert checked.typed is not None
        if checked.typed.trains:
            again = check_readable(Source("spec.net", write_one_file(checked.source, {})))
            assert again.ok and again.typed is not None
            hashes = [ir_hash(replace(typed, models={}, trains=typed.trains[:1])) for typed in (checked.typed, again.typed)]
            assert hashes[0] == hashes[1]

    hold((means_the_same,), *sorted((root / "models").glob("*.net")))
