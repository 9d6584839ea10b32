"""`netspec new`: a first spec that is clean as it is written, and the files that guard it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.compile import check
from netspec.source import Source
from netspec.syntax.printer import print_file
from netspec.testing.checks import hold
from netspec.tools.repository_files import name_model, write_spec


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def it_is_clean_and_formatted(stem: str) -> None:
    text = write_spec(name_model(stem), f"{stem}.net")
    checked = check(Source(f"{stem}.net", text))
    assert checked.file is not None and not checked.problems and print_file(checked.file) == text


def test_whatever_it_is_called() -> None:
    names = ("first", "my-net_2", "dense", "train", "model", "if", "true", "none", "B", "T", "x", "logits", "expect", "Digits", "a" * 60)
    hold((it_is_clean_and_formatted,), *names)


def test_a_spec_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "first"]) == 0
    assert written(folder) == {"first.net"}
    assert capsys.readouterr().out == "wrote first.net\nnext: netspec check first.net; netspec train first.net\n"
    assert main(["check", "first.net"]) == 0


def test_with_what_guards_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    guards = {"pyproject.toml", ".github/workflows/netspec.yml", ".pre-commit-config.yaml"}
    assert main(["new", "models/first.net", "--ci"]) == 0
    assert written(folder) == {"models/first.net", "models/first.net.lock", *guards}
    said = capsys.readouterr().out
    assert all(f"wrote {file}\n" in said for file in written(folder)) and "next: netspec check; netspec train models/first.net" in said
    assert tomllib.loads(Path("pyproject.toml").read_text())["tool"]["netspec"] == {"files": ["models"], "locked": True}
    assert main(["check"]) == 0


def test_a_second_spec_of_a_guarded_repository(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["new", "models/first", "--ci"])
    capsys.readouterr()
    assert main(["new", "models/second", "--ci"]) == 2 and "leave out `--ci`" in capsys.readouterr().err
    assert main(["new", "models/second"]) == 0 and "next: netspec lock models/second.net; netspec check" in capsys.readouterr().out
    assert main(["lock", "models/second.net"]) == 0 and main(["check"]) == 0


@pytest.mark.parametrize("there", ["first.net", "first.net.lock", ".github/workflows/netspec.yml"])
def test_nothing_is_overwritten_or_begun(there: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / there
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    assert main(["new", "first", "--ci"]) == 2
    assert "already-exists" in capsys.readouterr().err and written(folder) == {there} and path.read_text() == "mine"


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'\n", "[project]\nname = 'x'", "[tool.ruff]\n# netspec\nline-length = 3\n"])
def test_a_table_is_added_to_what_is_there(text: str, folder: Path) -> None:
    project = folder / "pyproject.toml"
    project.write_text(text)
    (folder / ".pre-commit-config.yaml").write_text("repos: []\n")
    assert main(["new", "first", "--ci"]) == 0
    assert project.read_text().startswith(text) and tomllib.loads(project.read_text())["tool"]["netspec"]["files"] == ["first.net"]
    assert (folder / ".pre-commit-config.yaml").read_text() == "repos: []\n"


def test_a_table_that_is_there_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pyproject.toml").write_text("[tool.netspec]\nfiles = ['a']\n")
    assert main(["new", "first", "--ci"]) == 0
    assert (folder / "pyproject.toml").read_text() == "[tool.netspec]\nfiles = ['a']\n"
    assert "left pyproject.toml as it is" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["[tool\n", "tool = {ruff = {}}\n", "tool = 3\n", "\xff"])
def test_a_table_that_cannot_be_added_is_one_problem(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pyproject.toml").write_bytes(text.encode("latin-1"))
    assert main(["new", "first", "--ci"]) == 2
    assert "configuration-unreadable" in capsys.readouterr().err and written(folder) == {"pyproject.toml"}


@pytest.mark.parametrize("name", ["", "../x", "/tmp/x", "a b", "x.net.net", "-", "é", "x/", "$(id)", "x\n"])
def test_other_names_are_errors_of_use(name: str, folder: Path) -> None:
    assert main(["new", "--ci", "--", name]) == 2 and not written(folder)


def test_no_jax(root: Path) -> None:
    lines = (
        "import sys",
        "from netspec.cli.main import main",
        "code = main(['new', 'first', '--ci'])",
        "sys.exit(code or 'jax' in sys.modules)",
    )
    assert subprocess.run([sys.executable, "-c", "; ".join(lines)], env={"PYTHONPATH": str(root)}, capture_output=True).returncode == 0
