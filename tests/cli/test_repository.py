"""A repository of specs with five mistakes and two budgets that are broken, as a pull request would have them, in every format.

The goldens stand beside it, in tests/cli/repository/expected; `pytest --update` writes them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from sarif_pydantic import Sarif

from netspec import __version__
from netspec.cli.main import main

REPOSITORY = Path(__file__).parent / "repository"
FORMATS = {
    "full": "txt",
    "concise": "txt",
    "json": "json",
    "jsonl": "jsonl",
    "sarif": "sarif",
    "github": "txt",
    "junit": "xml",
    "markdown": "md",
}
SLUGS = {
    "classifier.net": ["unknown-name"],
    "autoencoder.net": ["unequal-dims"],
    "encoder.net": ["uneven-heads", "unknown-argument"],
    "trained.net": ["probabilities-for-logits"],
    "wide.net": ["over-budget"],
    "edge.net": ["over-budget"],
}

Check = Callable[..., str]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """`netspec check` in a copy of the repository, which fails; what it printed."""
    shutil.copytree(REPOSITORY, tmp_path / "r", ignore=shutil.ignore_patterns("expected"))
    monkeypatch.chdir(tmp_path / "r")
    monkeypatch.setenv("COLUMNS", "100")

    def run(*words: str) -> str:
        assert main(["check", *words]) == 1
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("format", FORMATS)
def test_it_is_said_in_every_format(format: str, check: Check, update: bool) -> None:
    golden = REPOSITORY / "expected" / f"{format}.{FORMATS[format]}"
    said = check("--format", format).replace(f'"version": "{__version__}"', '"version": "x"')
    if update:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


def test_each_mistake_is_one_problem(check: Check) -> None:
    found: dict[str, list[str]] = {}
    for problem in json.loads(check("--format", "json"))["problems"]:
        found.setdefault(Path(problem["path"]).name, []).append(problem["slug"])
    assert found == SLUGS


def test_the_order_does_not_depend_on_the_number_of_processes(check: Check) -> None:
    assert check("--jobs", "1") == check("--jobs", "2") == check("--jobs", "7")


def strict(model: Any) -> None:
    """Nothing in a model of SARIF is unknown to the standard."""
    if isinstance(model, list | tuple):
        for item in model:
            strict(item)
    elif hasattr(model, "model_fields_set"):
        assert not model.model_extra or set(model.model_extra) <= ALSO.get(type(model).__name__, set()), (
            type(model).__name__,
            model.model_extra,
        )
        for name in type(model).model_fields:
            strict(getattr(model, name))


ALSO = {"Run": {"columnKind"}}
"""Properties of the standard that the package does not have."""


def test_sarif_is_that_of_the_standard(check: Check) -> None:
    text = check("--format", "sarif")
    log = Sarif.model_validate_json(text)
    strict(log)
    [run] = json.loads(text)["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} == set(rules) and all(rule["help"]["markdown"] for rule in rules.values())
    places = [location["physicalLocation"]["artifactLocation"] for result in run["results"] for location in result["locations"]]
    assert all(place["uriBaseId"] == "%SRCROOT%" and not place["uri"].startswith(("/", "file:", ".")) for place in places)
    prints = [result["partialFingerprints"]["problemInLine/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_fingerprints_stay_when_lines_move_and_absolute_paths_are_the_same_files(check: Check) -> None:
    def prints(*words: str) -> list[str]:
        return [r["partialFingerprints"]["problemInLine/v1"] for r in json.loads(check("--format", "sarif", *words))["runs"][0]["results"]]

    before = prints()
    for path in Path("models").rglob("*.net"):
        path.write_text(path.read_text().replace("netspec 1\n", "netspec 1\n\n# One line more.\n"))
    assert prints() == before == prints(str(Path.cwd() / "models"))


def test_junit_counts_files(check: Check) -> None:
    root = ElementTree.fromstring(check("--format", "junit"))
    cases = list(root.iter("testcase"))
    assert (root.get("tests"), root.get("failures"), len(cases)) == ("7", "6", 7)
    assert [case.get("name") for case in cases if case.find("failure") is None] == ["models/clean.net"]


EVIL = 'a`|<b>@you\n::error::x--\x1b[31m"&.net'


@pytest.mark.parametrize("format", FORMATS)
def test_names_of_files_are_text_in_every_format(format: str, check: Check) -> None:
    """A name that is Markdown, HTML, XML, a workflow command and a control sequence at once."""
    Path("models", EVIL).write_text("netspec 1\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> `dens`\n}\n")
    said = check("--format", format)
    assert "\x1b" not in said and "\n::error::x" not in said
    if format in ("json", "sarif"):
        json.loads(said)
    elif format == "jsonl":
        assert all(json.loads(line) for line in said.splitlines())
    elif format == "junit":
        assert len(list(ElementTree.fromstring(said).iter("testcase"))) == 8
    elif format == "markdown":
        assert "<b>" not in said and "@you" not in re.sub("<code>.*?</code>", "", said)
        assert all(line.count("|") == 4 for line in said.splitlines() if line.startswith("| "))


def test_a_report_goes_to_a_file(check: Check) -> None:
    assert check("--format", "json", "--output-file", "out.json") == "7 problems in 6 files. Written to out.json\n"
    assert len(json.loads(Path("out.json").read_text())["problems"]) == 7


@pytest.mark.parametrize("name", ["models/big.net", "spec", "pyproject.toml", "models/big.net.lock", "pipe", "link", "hard", "twin.json"])
def test_a_report_replaces_reports_alone(name: str, check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name costs nobody a spec, the configuration, a device, or what a link leads to."""
    spec = next(Path("models").glob("*.net"))
    Path("models/big.net").write_bytes(spec.read_bytes())
    Path("spec").write_bytes(spec.read_bytes())
    Path("twin.json").write_text('{"netspec": 1}')
    Path("models/big.net.lock").write_text("{}")
    Path("link").symlink_to(spec)
    os.link("spec", "hard")
    os.mkfifo("pipe")
    before = {str(path): path.lstat() for path in Path().rglob("*")}
    assert main(["check", "models", "spec", "--output-file", name]) == 2
    assert "which `--output-file` does not replace" in capsys.readouterr().err
    assert {str(path): path.lstat().st_mtime_ns for path in Path().rglob("*")} == {p: s.st_mtime_ns for p, s in before.items()}


def test_problems_are_counted_by_their_names(check: Check) -> None:
    said = check("--statistics")
    assert said.splitlines()[-6:][0] == "     2  error[over-budget]"
