"""The command `netspec diff`: what it takes, what it ends with, and that it wakes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from netspec.cli.main import main
from tests.literate import add_header

SPEC = add_header("model M {\n  input x: f32[B, 8]\n  output y = x -> dense(4)\n}\n")
WIDER = SPEC.replace("dense(4)", "dense(6)")
PARTS = add_header("block Half {\n  input x: f32[B, D]\n  output x -> dense(D // 2)\n}\n")
USER = add_header('import Half from "lib/parts.net"\n\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> Half\n}\n')
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.net").write_text(SPEC)
    (tmp_path / "n.net").write_text(WIDER)
    return tmp_path


@pytest.fixture
def repository(folder: Path) -> Path:
    """A repository whose first commit has a spec with an import, both changed since."""
    (folder / "models" / "lib").mkdir(parents=True)
    (folder / "models" / "u.net").write_text(USER)
    (folder / "models" / "lib" / "parts.net").write_text(PARTS)
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "first")):
        subprocess.run([*GIT, *words], check=True)
    (folder / "models" / "lib" / "parts.net").write_text(PARTS.replace("// 2", "// 4"))
    return folder


def test_the_exit_code_tells_of_a_change_only_where_that_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [main(["diff", "m.net", "n.net"]), main(["diff", "m.net", "n.net", "--exit-code"])] == [0, 1]
    assert main(["diff", "m.net", "m.net", "--exit-code"]) == 0
    assert capsys.readouterr().out.endswith("m.net -> m.net: same\n")


def test_values_of_the_command_line_are_both_sides(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, width in (("a.net", 4), ("b.net", 6)):
        (folder / name).write_text(SPEC.replace("input x", f"param width: int = {width}\n  input x").replace("dense(4)", "dense(width)"))
    assert main(["diff", "a.net", "b.net", "--exit-code"]) == 1
    assert main(["diff", "a.net", "b.net", "--exit-code", "--set", "width=5"]) == 0


def test_problems_of_either_side_stand_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.net").write_text(SPEC.replace("dense(4)", "dens(4)"))
    for names in (("bad.net", "m.net"), ("m.net", "bad.net")):
        assert main(["diff", *names]) == 1
        said, problems = capsys.readouterr()
        assert not said and "error[unknown-name]" in problems and "1 problem in 1 file" in problems
    assert main(["diff", "bad.net", "bad.net", "--format", "json"]) == 1
    assert [p["slug"] for p in json.loads(capsys.readouterr().out)["problems"]] == ["unknown-name"] * 2
    assert main(["diff", "m.net", "bad.net", "--format", "markdown"]) == 1
    assert "### 1 problem\n\n```text\nerror[unknown-name]" in capsys.readouterr().out


def test_a_claim_that_fails_does_not_hide_the_difference(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "n.net").write_text(WIDER + "\nexpect M { params == 36 }\n")
    assert main(["diff", "m.net", "n.net"]) == 1
    said, problems = capsys.readouterr()
    assert "features: 4 -> 6" in said and "error[expect-failed]" in problems


def test_a_revision_is_read_with_what_it_imports(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "git:HEAD:models/u.net", "--exit-code"]) == 1
    said = capsys.readouterr().out
    assert "Half_0/dense_0: features: 4 -> 2 (models/lib/parts.net:5)" in said and "stands in" not in said
    assert main(["diff", "git:HEAD:models/u.net", "git:main:models/u.net", "--exit-code"]) == 0


def test_paths_of_a_revision_are_from_the_current_folder(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository / "models")
    assert main(["diff", "git:HEAD:u.net"]) == 0
    assert main(["diff", "git:HEAD:../m.net", "git:HEAD:../n.net", "--exit-code"]) == 1
    assert main(["diff", "git:HEAD:../../m.net", "u.net"]) == 2


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("git:nowhere:m.net", "there is no revision `nowhere`"),
        ("git:--output=x:m.net", "there is no revision `--output=x`"),
        ("git:HEAD:other.net", "revision `HEAD` has no file `other.net`"),
        ("git:HEAD", "it is not `git:REVISION:PATH`"),
    ],
)
def test_what_git_does_not_have_is_one_problem(name: str, reason: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", name, "m.net"]) == 2
    said = capsys.readouterr().err
    assert said.count("error[") == 1 and f"error[revision-unreadable]: cannot read `{name}`: {reason}." in said


def test_no_git_and_no_repository_are_one_problem(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    assert main(["diff", "git:HEAD:m.net"]) == 2
    assert "git says `not a git repository" in capsys.readouterr().err
    monkeypatch.setenv("PATH", str(folder))
    assert main(["diff", "git:HEAD:m.net"]) == 2
    assert "git cannot be run" in capsys.readouterr().err


def test_one_file_alone_is_an_error_of_use(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "m.net"]) == 2
    assert "give two specs" in capsys.readouterr().err


def test_json_has_every_fact(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "m.net", "n.net", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    [model] = found["models"]
    [layer] = model["layers"]
    cause = {"kind": "argument", "name": "features", "before": "4", "after": "6", "place": "n.net:5"}
    assert found["format"] == 1 and not found["same"]
    assert layer["values"] == [{"name": "features", "before": "4", "after": "6", "cause": cause}]
    assert (model["before"]["params"], model["after"]["params"], model["verdict"]["kind"]) == (36, 54, "incompatible")


def test_jax_sleeps(folder: Path) -> None:
    woken = "print([m for m in ('jax', 'numpy', 'rich') if m in sys.modules])"
    code = f"import sys; from netspec.cli.main import main; main(sys.argv[1:]); {woken}"
    (folder / "other").mkdir()
    (folder / "other/m.net").write_text(WIDER)
    for words in (
        ("diff", "m.net", "n.net", "--format", "markdown"),
        ("diff", ".", "other", "--format", "markdown"),
        ("show", "m.net", "--as", "markdown"),
    ):
        root = str(Path(__file__).resolve().parents[2])
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env={"PYTHONPATH": root, "PATH": ""})
        assert done.stdout.endswith("[]\n"), done.stderr
