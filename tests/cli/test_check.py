"""`netspec check`: files and folders in, problems out in four formats, exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.cli.spec_paths import spec_paths

CLEAN = "netspec 1\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> dense(4)\n}\n"
BAD = CLEAN.replace("dense", "dens")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with specs."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "clean.net": CLEAN,
        "bad.net": BAD,
        "more/also.netspec": BAD,
        "more/.hidden/x.net": BAD,
        "more/notes.txt": BAD,
    }.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    return tmp_path


def test_a_clean_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "clean.net"]) == 0
    assert capsys.readouterr() == ("No problems in 1 file.\n", "")


def test_a_problem_is_drawn_on_stdout(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "clean.net", "bad.net"]) == 1
    out, err = capsys.readouterr()
    assert "error[unknown-name]" in out and "--> bad.net:4:19" in out and out.endswith("1 problem in 1 file.\n") and err == ""


def test_values_are_set_for_the_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sized = CLEAN.replace("model M", "param classes: int = 4\nmodel M").replace("dense(4)", "dense(classes)")
    Path("sized.net").write_text(sized + "expect M { params == 36 }\n")
    assert main(["check", "sized.net", "--set", "classes=5"]) == 0, "claims are meant of the spec as written"
    assert main(["check", "sized.net", "--set", "classes=0"]) == 1
    assert "classes" in capsys.readouterr().out
    assert main(["check", "sized.net", "--set", "clases=5"]) == 1
    out = capsys.readouterr().out
    assert "unknown-override" in out and "write `--set classes=5`" in out
    assert main(["check", "sized.net", "--set", "classes=5", "--untrusted"]) == 2
    assert "error[override-refused]" in capsys.readouterr().out


def test_a_folder_stands_for_its_specs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "."]) == 1
    out = capsys.readouterr().out
    assert "bad.net:4:19" in out and "also.netspec:4:19" in out and out.endswith("2 problems in 2 files.\n")
    assert "hidden" not in out and "notes" not in out


def test_a_folders_json_files_are_specs_if_their_first_key_says_so(folder: Path) -> None:
    texts = {
        "twin.json": '{"netspec": 1, "sections": []}',
        "schema.json": ' {\n"$schema": "https://example.org/s.json", "netspec": 1}',
        "marked.json": '\ufeff{"netspec": "wrong"}',
        "package.json": '{"name": "netspec", "netspec": 1}',
        "list.json": '["netspec"]',
        "broken.json": '{"netspec"',
        "empty.json": "",
    }
    for name, text in texts.items():
        (folder / "more" / name).write_text(text)
    assert sorted(Path(p).name for p in spec_paths([str(folder / "more")])) == ["also.netspec", "marked.json", "schema.json", "twin.json"]
    assert list(spec_paths(["more/package.json"])) == ["more/package.json"]


def test_a_missing_file_is_one_line_and_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "claen.net"]) == 2
    assert capsys.readouterr().out == "error[no-such-file]: there is no file `claen.net`; did you mean `clean.net`?\n"


def test_a_missing_file_does_not_hide_the_problems_of_others(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "nothing.net", "bad.net"]) == 2
    out = capsys.readouterr().out
    assert "there is no file `nothing.net`" in out and "bad.net:4:19" in out


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "bad.net", "--format", "json"]) == 1
    [problem] = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["slug"], problem["path"], problem["line"], problem["column"]) == ("unknown-name", "bad.net", 4, 19)


def test_sarif_of_nothing_is_still_a_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "clean.net", "--format", "sarif"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["results"] == []


def test_github(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "bad.net", "clean.net", "--format", "github"]) == 1
    assert capsys.readouterr().out.startswith("::error file=bad.net,line=4,col=19,")
    assert main(["check", "clean.net", "--format", "github"]) == 0
    assert capsys.readouterr().out == ""


def test_a_file_that_is_named_twice_is_checked_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "link").symlink_to("more")
    assert main(["check", "bad.net", "./bad.net", ".", str(folder / "bad.net"), "more", "link", "more/../clean.net"]) == 1
    assert capsys.readouterr().out.count("error[unknown-name]") == 2


def test_links_that_lead_in_circles_end(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "more" / "again").symlink_to("../more")
    (folder / "more" / "one.net").symlink_to("two.net")
    (folder / "more" / "two.net").symlink_to("one.net")
    assert main(["check", "more", "--format", "concise"]) == 2
    out = capsys.readouterr().out
    assert out.count("read-failed") == 2 and out.count("unknown-name") == 1


def test_a_folder_that_cannot_be_looked_into_is_no_clean_one(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "more" / "closed").mkdir()
    scan = os.scandir

    def refuse(path: str):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert main(["check", ".", "--format", "concise"]) == 2
    assert "error[read-failed] cannot read `./more/closed`" in capsys.readouterr().out


def test_a_folder_without_specs_is_no_clean_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty").mkdir()
    for words in (["check"], ["check", "--diff"], ["check", "--fix"], ["lock", "--check"], ["fmt", "--check"]):
        assert main([*words, "empty"]) == 2, words
        captured = capsys.readouterr()
        assert "error[no-specs]: there is no spec in `empty`" in captured.out + captured.err, words
    assert main(["check", "empty", "more", "--format", "json"]) == 2
    assert '"no-specs"' in capsys.readouterr().out


def test_the_folder_of_the_report_is_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "bad.net", "--format", "sarif", "--output-file", "reports/ci/netspec.sarif"]) == 1
    assert json.loads((folder / "reports/ci/netspec.sarif").read_text())["runs"][0]["results"]
    capsys.readouterr()
    assert main(["check", "bad.net", "--output-file", "bad.net/report.txt"]) == 2
    assert "a file stands in the place of a folder" in capsys.readouterr().err
    assert main(["check", "bad.net", "--output-file", "more"]) == 2
    assert "it is no regular file" in capsys.readouterr().err


def test_colours_follow_the_environment(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(["check", "bad.net"])
    assert "\x1b[1;31m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    main(["check", "bad.net"])
    assert "\x1b[" not in capsys.readouterr().out


def test_the_zoo_is_clean(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(root / "models")]) == 0
