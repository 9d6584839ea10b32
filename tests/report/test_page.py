"""What a report says is what the runs hold; nothing in it loads or runs anything that is not its own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.report import number_tables
from netspec.report import page as pages
from netspec.report.markup import Html, tag, text, void
from netspec.report.number_tables import number
from netspec.report.pictures import png
from netspec.report.run_view import label_runs
from netspec.train.metrics_log import Record
from tests.report.pages import Page, require_harmless


@pytest.fixture(scope="module")
def page(report: Path) -> Page:
    return require_harmless(report.read_text("utf-8"))


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_the_numbers_of_the_curves_are_those_of_the_runs(page: Page, runs: tuple[Path, Path]) -> None:
    assert page.series["runs"] == ["narrow", "wide"]
    found = {(s["run"], s["split"], s["name"]): s for s in page.series["series"]}
    for run, path in enumerate(runs):
        for split in ("train", "validation", "test"):
            own = [line for line in lines(path) if line["split"] == split]
            for name in ("loss", "accuracy"):
                series = found.pop((run, split, name))
                assert series["y"] == [line["loss"] if name == "loss" else line["metrics"][name] for line in own]
                assert all(series[axis] == [line[axis] for line in own] for axis in ("step", "epoch", "seconds"))
        assert found.pop((run, "train", "examples_per_second"))["y"]
    assert {name for _, _, name in found} <= {"learning_rate", "gradient_norm", "data_wait"}


def test_a_page_is_read_without_javascript(page: Page, runs: tuple[Path, Path]) -> None:
    last = [line for line in lines(runs[0]) if line["split"] == "validation"][-1]
    for words in (
        number(last["loss"]),
        number(last["metrics"]["accuracy"]),
        "f32[B, 8, 8, 1]",
        "f32[B, 10]",
        "Head_0/dense_0",
        "1,293 examples",
    ):
        assert words in page.words, words
    for heading in ("Runs", "Curves", "Numbers", "Differences", "Mistakes", "Data", "Spec", "Layers", "Settings", "Machines"):
        assert heading in page.words
    assert "width" in page.words and "command line" in page.words


def test_what_is_right_is_what_the_evaluation_says(report: Path, page: Page, runs: tuple[Path, Path]) -> None:
    shares = [float(share) for share in re.findall(r"are right \(([0-9.]+)%\)", page.words)]
    accuracies = [netspec.load(run).evaluate()["accuracy"] for run in runs]
    assert shares == [pytest.approx(100 * accuracy, abs=0.006) for accuracy in accuracies]
    rows = re.findall(r"<tr><th scope=\"row\">\d</th>(.*?)</tr>", report.read_text("utf-8"))
    counts = [[int(cell or 0) for cell in re.findall(r'<td class="(?:right|wrong) s\d+">(\d*)</td>', row)] for row in rows]
    assert len(counts) == 20 and sum(map(sum, counts[:10])) == sum(map(sum, counts[10:])) == 144
    assert sum(counts[k][k] for k in range(10)) == round(accuracies[0] * 144)
    assert 0 < report.read_text("utf-8").count("<figure>") <= 48 and "data:image/png;base64," in report.read_text("utf-8")


def test_a_page_is_small_and_is_not_written_over(report: Path, runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert report.stat().st_size < 7_000_000
    assert main(["report", str(runs[0]), "--no-evaluation", "-o", str(report)]) == 2
    assert "exists already" in capsys.readouterr().err
    other = report.with_name("other.html")
    for words in ([], ["--overwrite"]):
        assert main(["report", str(runs[0]), "--no-evaluation", "-o", str(other), *words]) == 0
    assert "Mistakes" not in require_harmless(other.read_text("utf-8")).words
    assert [p.name for p in other.parent.iterdir() if p.name.endswith(".tmp")] == []


def test_a_run_without_data_or_checkpoints_has_a_page(runs: tuple[Path, Path], tmp_path: Path) -> None:
    import shutil

    shutil.copytree(runs[0], tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    assert main(["report", str(tmp_path / "run"), "-o", str(tmp_path / "page.html")]) == 0
    assert "The run was not evaluated" in require_harmless((tmp_path / "page.html").read_text("utf-8")).words


def test_without_plotly_the_extra_is_named(
    runs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pages, "find_spec", lambda name: None)
    assert main(["report", str(runs[0]), "-o", "nowhere.html"]) == 2
    assert "pip install 'netspec-jax[report]'" in capsys.readouterr().err


# --- names that would be more than text ------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)<!--",
    "</script><img src=x onerror=alert(1)>",
    '"><a href="javascript:x">',
    "&lt;b&gt;\u202e\x1b[2J",
    "'`${x}`]]>",
]
TABLE = """netspec 1

model M {{ input x: f32[B, 2]; output logits = x -> dense(5) }}
train M {{
  data = csv("d.csv", fields={{x: f32[2], label: i32[]}}, columns={{x: [a, b]}}, classes={{label: [{words}]}}) -> batch(2)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 1 step
  eval {{
    data = csv("d.csv", fields={{x: f32[2], label: i32[]}}, columns={{x: [a, b]}}, classes={{label: [{words}]}}) -> batch(2)
  }}
}}
"""


def test_hostile_names_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes, files, folders, settings and comments that would be markup, script or the end of one."""
    monkeypatch.chdir(tmp_path)
    quoted = ", ".join('"' + "".join(f"\\u{ord(c):04x}" for c in name) + '"' for name in HOSTILE)
    spec = Path(HOSTILE[0] + ".net")
    comment = "".join(f"# {name}\n" for name in HOSTILE[:3])
    spec.write_text(TABLE.format(words=quoted).replace("[a, b]", '["a", "b"]').replace("model M", f"{comment}model M"), "utf-8")
    cells = "".join('1,2,"{}"\n'.format(name.replace('"', '""')) for name in HOSTILE)
    Path("d.csv").write_text(f"a,b,label\n{cells}", "utf-8")
    run = HOSTILE[1].replace("/", "") + HOSTILE[3]
    assert main(["train", str(spec), "--data", ".", "--out", run]) == 0
    with open(Path(run) / "processes.jsonl", "a") as file:
        file.write(json.dumps({name: [name, {name: name}] for name in HOSTILE}) + "\n")
    assert main(["report", run, run, "-o", "page.html"]) == 0
    written = Path("page.html").read_text("utf-8")
    page = require_harmless(written)
    assert HOSTILE[0] in page.words and "right" in page.words and "<U+202E>" in page.words
    assert page.series["runs"] == [run, f"{run} (2)"]


def test_markup_escapes_everything_that_is_no_markup() -> None:
    assert tag("p", "<b>", Html("<i>"), None, title='"&') == '<p title="&quot;&amp;">&lt;b&gt;<i></p>'
    assert text("\x00\u202e") == "&lt;U+0000&gt;&lt;U+202E&gt;" and void("input", checked=True, id=None) == "<input checked>"


def test_runs_are_called_by_what_tells_them_apart() -> None:
    assert label_runs(["a/x", "b/x/", "c"]) == ["a/x", "b/x", "c"]
    assert label_runs(["r", "r"]) == ["r", "r (2)"] and label_runs(["a/x", "b/x", "a/x"]) == ["a/x", "b/x", "a/x (2)"]


@pytest.mark.parametrize("array", [np.linspace(0, 1, 75).reshape(5, 5, 3), np.full((4, 4, 1), np.nan), np.arange(48).reshape(4, 4, 3)])
def test_pictures_are_png_files(array: Any) -> None:
    image = pytest.importorskip("PIL.Image")
    import io

    found = np.asarray(image.open(io.BytesIO(png(array))))
    assert found.shape == (array.shape if array.shape[-1] == 3 else array.shape[:2])
    if array.dtype.kind == "f" and np.isfinite(array).all():
        assert np.abs(found / 255 - array).max() <= 0.5 / 255 + 1e-9


def test_a_number_of_the_test_part_is_that_of_the_checkpoint_which_was_measured() -> None:
    """At the end of a training the best checkpoint is measured, and that may be an old one."""
    found = [(2, "validation", 0.5, None), (4, "validation", 0.75, None), (4, "test", 0.25, 2)]
    records = [Record(step, step / 2, split, loss, {}, None, 1.0, checkpoint) for step, split, loss, checkpoint in found]
    view: Any = SimpleNamespace(label="a", records=records)
    rows = number_tables.tabulate([view], number_tables.series_of([view]))
    cells = ("a", "loss", "test", "0.2500", "0.2500", "2")
    wanted = "".join(f"<td{' class=number' * (place > 2)}>{cell}</td>" for place, cell in enumerate(cells))
    assert wanted in rows.replace('"', "")
