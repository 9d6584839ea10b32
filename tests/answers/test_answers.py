"""Every answer is the next thing to type: the edits of each wrong spec in `cases/` are applied, and the file is checked again.

`score` reads a message as a person's editor does: where its first problem stands, what the edits make of the file, how many problems there
are. `REACHED` says what each case must reach at least; no case may carry an edit that fails again.
"""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import pytest

import netspec
from netspec.cli.main import main
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.record import record

HERE = Path(__file__).resolve().parent / "cases"
EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
_RANKS = ("fails", "none", "prose", "clean")


@record
class Score:
    """How good an answer is."""

    placed: bool
    """The first problem stands on the guilty line; also where the mistake is in no file."""
    repair: str
    """What comes of its edits: "clean" or "fails"; without edits "prose", or "none" where it has no help either."""
    problems: int
    says: str = ""
    """What a person reads, for the test that fails."""

    def reaches(self, wanted: Score) -> bool:
        """Whether it is at least as good."""
        repaired = _RANKS.index(self.repair) >= _RANKS.index(wanted.repair)
        return repaired and self.placed >= wanted.placed and min(wanted.problems, 1) <= self.problems <= wanted.problems


CLEAN, PROSE = (Score(True, repair, 1) for repair in ("clean", "prose"))
SILENT = Score(False, "none", 0)
"""There is nothing wrong with the spec any more."""

REACHED = {
    "01-lr.net": CLEAN,
    "02-loss-arguments-swapped.net": CLEAN,
    "03-metrics-list.net": CLEAN,
    "04-clip-after-adam.net": CLEAN,
    "05-learning-rate-setting.net": CLEAN,
    "06-sigmoid-on-classes.net": CLEAN,
    "07-milestones.net": CLEAN,
    "08-no-batch.net": CLEAN,
    "09-loss-dict.net": CLEAN,
    "10-length-as-mask.net": CLEAN,
    "11-serve-not-causal.net": CLEAN,
    "12-hf-generate.net": CLEAN,
    "13-import-missing-file.net": CLEAN,
    "14-python-import.net": CLEAN,
    "15-activation-argument.net": CLEAN,
    "16-functional-keras.net": CLEAN,
    "17-unquoted-value.net": CLEAN,
    "18-json-unknown-key.json": CLEAN,
    "19-json-trailing-comma.json": CLEAN,
    "20-set-lr.net": PROSE,
    "21-set-duration.net": PROSE,
    "22-data-missing.net": PROSE,
    "23-npz-channels-first.net": PROSE,
    "24-csv-bad-row.net": PROSE,
    "25-npz-float-labels.net": PROSE,
    "26-resume-changed.net": PROSE,
    "27-predict-shape.net": PROSE,
    "28-plus-equals.net": CLEAN,
    "29-list-append.net": CLEAN,
    "30-list-pop.net": CLEAN,
    "31-repeat-number-in-a-rate.net": SILENT,
    "32-for-pair-in-brackets.net": SILENT,
    "33-enumerate.net": SILENT,
    "34-for-with-the-brace-below.net": CLEAN,
    "35-for-do-end.net": CLEAN,
    "36-for-dotted-range.net": CLEAN,
    "37-conv-window-in-brackets.net": CLEAN,
    "38-ceil-mode.net": SILENT,
    "39-def.net": CLEAN,
    "40-operator-at-line-start.net": CLEAN,
    "41-weight-number.net": CLEAN,
    "42-checkpoint-true.net": CLEAN,
    "43-two-unnamed-outputs.net": CLEAN,
    "44-clock-needed.net": Score(True, "none", 0),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with all cases and their data."""
    shutil.copytree(HERE, tmp_path / "cases")
    monkeypatch.chdir(tmp_path / "cases")
    return tmp_path / "cases"


def test_every_case_has_its_row() -> None:
    assert list(REACHED) == list(EXPECTED)


@pytest.mark.parametrize("name", [n for n, case in EXPECTED.items() if not case["commands"] or "--set" in case["commands"][0]])
def test_a_check(name: str, folder: Path) -> None:
    words = (EXPECTED[name]["commands"] or [[]])[0]
    _require(name, score(folder / name, EXPECTED[name]["line"], dict(w.split("=", 1) for w in words[3:])))


@pytest.mark.parametrize("name", ["22-data-missing.net", "23-npz-channels-first.net", "24-csv-bad-row.net", "25-npz-float-labels.net"])
def test_a_command_that_stops_at_its_data(name: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _require(name, score_commands(name, capfd))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["26-resume-changed.net", "27-predict-shape.net", "44-clock-needed.net"])
def test_a_command_behind_a_training(name: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _require(name, score_commands(name, capfd))


def _require(name: str, found: Score) -> None:
    """The case reaches its row."""
    assert found.reaches(REACHED[name]), f"{found}, and the row says {REACHED[name]}; right: {EXPECTED[name]['right']}"


def score(path: Path, line: int | list[int] | None, overrides: dict[str, str] | None = None) -> Score:
    """How good the answer to a wrong spec is. The file is written anew with the edits."""
    checked = netspec.check(path, overrides=overrides or None)
    found = checked.problems
    if not found:
        return Score(False, "none", 0)
    first, lines = found[0], line if isinstance(line, list) else [line]
    placed = line is None or bool(overrides) or first.at.source.position(first.at.start)[0] in lines
    edits = [e for p in found for e in edits_of(p) if e.span.source.path == checked.source.path]
    says = "; ".join(f"{p.slug()}: {p.message()} [{p.help()}]" for p in found)
    if not edits or overrides:
        return Score(placed, "prose" if any(p.help() for p in found) else "none", len(found), says)
    path.write_text(apply_edits(checked.source, edits), encoding="utf-8")
    again = netspec.check(path).problems
    says += "".join(f"; then {p.slug()}: {p.message()}" for p in again)
    return Score(placed, "fails" if again else "clean", len(found), says)


def score_commands(name: str, capfd: pytest.CaptureFixture[str]) -> Score:
    """How good the answer to a case's commands is, read from what they print."""
    for words in EXPECTED[name]["commands"]:
        words = [w.replace("{f}", name).replace("{py}", f"{Path(name).stem}.py") for w in words]
        if words[0] == "python":
            runpy.run_path(words[1])
        else:
            main(words)
    out, err = capfd.readouterr()
    lines = (out + err).splitlines()
    problems = sum(w.startswith(("error[", "warning[")) for w in lines)
    return Score(True, "prose" if any("= help:" in w for w in lines) else "none", problems, out + err)
