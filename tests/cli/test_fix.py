"""`netspec check --fix` and `--diff`: repairs that were tried are written, or shown, and the file is formatted behind them. Where a
repository says no to that, or a file was formatted before, nothing else of it changes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from netspec.cli.demands import Demands
from netspec.cli.fix import mend_file
from netspec.cli.main import main
from netspec.syntax.formatted_text import format_content
from tests.problems.pages import specs

BAD = "netspec 1\n\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> dens(4)  # kept\n}\n"
GOOD = BAD.replace("dens(", "dense(")
HOPELESS = BAD.replace("dens(4)", "xyzzy")
LOOSE = BAD.replace("  # kept", "   # kept").replace("x: f32[B, 8]", "x:f32[ B,8 ]")


@pytest.fixture
def unformatted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose repository says no to formatting."""
    (tmp_path / "pyproject.toml").write_text("[tool.netspec]\nformat = false\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_repairs_are_written_and_the_rest_of_the_file_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.net"
    path.write_text(BAD)
    path.chmod(0o600)
    assert main(["check", str(path), "--fix"]) == 0
    assert path.read_text() == GOOD and path.stat().st_mode & 0o777 == 0o600
    out, err = capsys.readouterr()
    assert out == "No problems in 1 file.\n" and err == f"mended {path}: 1 problem\n"


def test_a_file_is_formatted_behind_its_repairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.net"
    path.write_bytes(b"\xef\xbb\xbf" + LOOSE.replace("\n", "\r\n").encode())
    assert main(["check", str(path), "--diff"]) == 1
    out, err = capsys.readouterr()
    assert "-  input x:f32[ B,8 ]" in out and "+  output y = x -> dense(4)  # kept" in out
    assert err == f"would mend {path}: 1 problem\nwould format {path}\n"
    assert main(["check", str(path), "--fix"]) == 0
    assert path.read_bytes() == GOOD.encode()
    assert capsys.readouterr().err == f"mended {path}: 1 problem\nformatted {path}\n"
    assert main(["check", str(path), "--diff"]) == 0 and capsys.readouterr() == ("", "")


def test_a_file_without_problems_is_formatted_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.net"
    path.write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert main(["check", str(path), "--diff"]) == 1
    assert capsys.readouterr() == ("", f"would format {path}: its line ends or its byte order mark\n")
    assert main(["check", str(path), "--fix"]) == 0 and path.read_bytes() == GOOD.encode()
    assert capsys.readouterr().err == f"formatted {path}\n"


def test_a_text_that_cannot_be_read_is_mended_and_not_formatted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = LOOSE.replace("dens(4)", "dense(4) -> ) (")
    path = _written(tmp_path, text)
    assert main(["check", str(path), "--fix"]) == 1
    assert path.read_text() == text.replace(") (", " (") and capsys.readouterr().err == f"mended {path}: 1 problem\n"


def test_a_file_with_errors_that_no_repair_mends_is_formatted_and_they_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _written(tmp_path, LOOSE.replace("dens(4)", "xyzzy"))
    assert main(["check", str(path), "--diff"]) == 1
    out, err = capsys.readouterr()
    assert "+  input x: f32[B, 8]" in out and "5 |   output y = x -> xyzzy  # kept" in err
    assert main(["check", str(path), "--fix"]) == 1 and path.read_text() == HOPELESS


def test_a_file_in_json_is_written_in_the_form_of_fmt(tmp_path: Path) -> None:
    assert main(["convert", str(_written(tmp_path, GOOD)), "--out", str(tmp_path / "m.json")]) == 0
    twin = tmp_path / "m.json"
    formatted = twin.read_text()
    twin.write_text(json.dumps(json.loads(formatted.replace('"dense"', '"dens"'))))
    assert main(["check", str(twin), "--fix"]) == 0
    assert twin.read_text() == formatted


def test_what_was_fixed_is_in_the_style_and_needs_no_second_fix(tmp_path: Path) -> None:
    """Of every twentieth wrong spec in the pages of problems, laid out anew: behind the repairs the file is as `fmt` has it, or cannot be
    read as a spec; and there is nothing left to do."""
    path = tmp_path / "m.net"
    texts = [text for _, text in specs("bad")][::20]
    for text in texts:
        path.write_text(f"netspec 1\n{text}".replace(" = ", "=").replace(", ", " ,"))
        mended = mend_file(str(path), Demands())
        path.write_bytes(mended.after)
        formatted, unread = format_content("m.net", mended.after)
        assert unread or (formatted or "").encode() == mended.after, text
        assert mend_file(str(path), Demands()).after == mended.after, text
    assert len(texts) > 15


def test_a_repair_of_a_warning_that_does_not_count_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD.replace("  # kept", "  # netspec: allow unused-binding")
    path = _written(tmp_path, text)
    for options in (["--ignore", "allows-nothing"], ["--select", "unused-binding"]):
        assert main(["check", str(path), "--fix", *options]) == 0 and path.read_text() == text
    assert main(["check", str(path), "--fix"]) == 0 and path.read_text() == GOOD.replace("  # kept", "")


def test_without_formatting_line_ends_and_the_byte_order_mark_stay(unformatted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = unformatted / "m.net"
    path.write_bytes(b"\xef\xbb\xbf" + LOOSE.replace("\n", "\r\n").encode())
    assert main(["check", "m.net", "--fix"]) == 0
    after = b"\xef\xbb\xbf" + LOOSE.replace("\n", "\r\n").replace("dens(", "dense(").encode()
    assert path.read_bytes() == after and capsys.readouterr().err == "mended m.net: 1 problem\n"
    assert main(["check", "m.net", "--diff"]) == 0 and capsys.readouterr() == ("", "")


def test_what_has_no_repair_is_said_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.net"
    path.write_text(HOPELESS)
    before = os.stat(path).st_mtime_ns
    assert main(["check", str(path), "--fix"]) == 1
    assert path.read_text() == HOPELESS and os.stat(path).st_mtime_ns == before
    assert "error[unknown-name]" in capsys.readouterr().out


def test_one_mended_file_and_one_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.net"
    path.write_text(BAD)
    assert main(["check", str(path), str(tmp_path / "none.net"), "--fix"]) == 2
    assert path.read_text() == GOOD and capsys.readouterr().out.count("error[") == 1


def test_the_diff_shows_what_would_change_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.net"
    path.write_text(BAD)
    assert main(["check", str(path), "--diff"]) == 1
    out = capsys.readouterr().out
    assert "-  output y = x -> dens(4)  # kept" in out and "+  output y = x -> dense(4)  # kept" in out
    assert path.read_text() == BAD
    path.write_text(GOOD)
    assert main(["check", str(path), "--diff"]) == 0 and capsys.readouterr().out == ""


@pytest.mark.parametrize("more", [["--untrusted"], ["--set", "a=1"]])
def test_only_a_file_of_ones_own_as_it_is_written(more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.net"
    path.write_text(BAD)
    assert main(["check", str(path), "--fix", *more]) == 2 and path.read_text() == BAD
    assert "--untrusted and --set" in capsys.readouterr().err


def test_a_file_in_json_is_mended_within_its_strings(tmp_path: Path) -> None:
    assert main(["convert", str(_written(tmp_path, GOOD)), "--out", str(tmp_path / "m.json")]) == 0
    twin = tmp_path / "m.json"
    twin.write_text(twin.read_text().replace('"dense"', '"dens"'))
    main(["check", str(twin), "--fix"])
    assert '"dense"' in twin.read_text()


def _written(folder: Path, text: str) -> Path:
    path = folder / "m.net"
    path.write_text(text)
    return path


def test_without_formatting_every_line_end_that_no_repair_touches_stays(unformatted: Path) -> None:
    path = unformatted / "m.net"
    mixed = b"\xef\xbb\xbf" + BAD.replace("model M {\n", "model M {\r\n").replace("[B, 8]\n", "[B, 8]\r").encode() + b"# end\r\n\r"
    path.write_bytes(mixed)
    assert main(["check", "m.net", "--fix"]) == 0
    assert path.read_bytes() == mixed.replace(b"dens(", b"dense(")


def test_a_file_that_cannot_be_written_stops_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / name for name in ("a.net", "b.net", "c.net")]
    for path, text in zip(paths, (BAD, BAD, HOPELESS), strict=True):
        path.write_text(text)
    paths[1].chmod(0o400)
    assert main(["check", *map(str, paths), "--fix"]) == 2
    out, err = capsys.readouterr()
    assert paths[0].read_text() == GOOD and paths[1].read_text() == BAD
    assert f"chmod u+w {paths[1]}" in err and "make room" not in err
    assert "b.net:5" in out and "c.net:5" in out and "2 problems in 2 files" in out


@pytest.mark.parametrize(("text", "more", "said", "code"), [(HOPELESS, [], "unknown-name", 1), (GOOD, ["--plugin", "nope"], "nope", 2)])
def test_a_diff_says_what_it_does_not_mend(
    text: str, more: list[str], said: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--diff", *more, str(_written(tmp_path, text))]) == code
    out, err = capsys.readouterr()
    assert out == "" and said in err
