"""What the pages say is so: their specs are clean, their links lead somewhere, their Python works."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from netspec.diagnostics.pages import PHASES
from tests.problems.pages import page_cases
from tests.zoo.results import read_results, text_when_trained

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN_BY_HAND = [p for p in PAGES if "reference" not in p.parts and p.name != "language.md"]
"""The manual has tests of its own, since its specs import each other and leave out their first line."""


def fenced(page: Path, info: str) -> list[str]:
    return re.findall(rf"^```{re.escape(info)}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


SPECS = [pytest.param(text, id=f"{p.name}-{n}") for p in WRITTEN_BY_HAND for n, text in enumerate(fenced(p, "net"))]


@pytest.mark.parametrize("text", SPECS)
def test_specs_in_pages_are_clean(text: str, tmp_path: Path) -> None:
    import netspec

    (tmp_path / "page.net").write_text(text, encoding="utf-8")
    assert [p.message() for p in netspec.check(tmp_path / "page.net").problems] == []


@pytest.mark.parametrize("text", SPECS)
def test_specs_in_pages_are_in_the_one_style(text: str, tmp_path: Path) -> None:
    from netspec.cli.main import main

    (tmp_path / "page.net").write_text(text, encoding="utf-8")
    assert main(["fmt", "--check", str(tmp_path)]) == 0


def test_the_readme_has_specs_and_its_two_commands() -> None:
    train, test = fenced(ROOT / "README.md", "sh")[:2]
    assert "netspec train models/digits.net" in train and "pytest" in test
    assert all("python3 -m venv" in command and command.count("\n") == 1 for command in (train, test))
    assert len(fenced(ROOT / "README.md", "net")) >= 2 and fenced(ROOT / "README.md", "net")[0].count("\n") <= 15


def shape(line: str) -> str:
    """A line of a training but for its numbers, and for how they are set."""
    return " ".join(re.sub(r"\d(?:[\d,.%/]|e-)*", "#", line).split())


def test_the_picture_of_a_training_is_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Six epochs of it, line by line but for the numbers; steps are those of all epochs. It trains: what else would say what is printed?"""
    from netspec.cli.main import main

    [shown] = [text for text in fenced(ROOT / "README.md", "text") if text.startswith("training Digits")]
    head, tail = (part.splitlines() for part in shown.split("...\n"))
    run = tmp_path / "runs" / "Digits-1"
    assert main(["train", str(ROOT / "models/digits.net"), "--set", "train.duration=6 epochs", "--out", str(run)]) == 0
    said = capsys.readouterr().out.replace(str(run), "runs/Digits-1").splitlines()
    assert [shape(line) for line in said[: len(head)]] == [shape(line) for line in head]
    assert [shape(line) for line in said[-len(tail) :]] == [shape(line) for line in tail]
    steps = int(said[1].split()[1].split("/")[0])
    assert head[0] == f"training Digits: {40 * steps:,} steps" and head[1].split()[1] == f"{steps}/{40 * steps}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_the_readme_names_every_page_and_counts_what_is_wrong() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    folders = ("tests/spec", "docs/problems")
    pages = [p.relative_to(ROOT).as_posix() for folder in folders for p in sorted((ROOT / folder).glob("*.md"))]
    assert [page for page in pages if f"({page})" not in text] == []
    claimed = re.search(r"More than (\d+) wrong specs and (\d+) situations", text)
    languages = [case.spec.language for phase in PHASES for case in page_cases(phase)]
    wrong = sum(language in ("net", "json") for language in languages)
    assert claimed is not None and int(claimed[1]) < wrong < int(claimed[1]) + 30
    assert int(claimed[2]) < len(languages) - wrong < int(claimed[2]) + 20


@pytest.mark.slow
def test_the_python_in_the_readme_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [code] = fenced(ROOT / "README.md", "python")
    [spec] = [text for text in fenced(ROOT / "README.md", "net") if "model Houses" in text]
    (tmp_path / "houses.net").write_text(spec, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["values"].shape == (1000,)
    assert ((names["values"] - names["price"]) ** 2).mean() < 0.1 * names["price"].var()


def test_every_result_is_of_a_spec_that_can_be_had() -> None:
    """A change of a spec that has been trained makes its row stale, unless the row says what was written before: it stays as history."""
    rows = read_results()
    stale = [row["name"] for row in rows if hashlib.sha256(text_when_trained(row).encode()).hexdigest() != row["spec_sha256"]]
    assert rows and not stale
    assert all(row["spec_changed"]["edits"] for row in rows if "spec_changed" in row)
