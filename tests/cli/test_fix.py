"""`netspec check --fix` and `--diff`: repairs that were tried are written, or shown; nothing else of a file changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netspec.cli.main import main

BAD = "netspec 1\n\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> dens(4)   # kept\n}\n"
GOOD = BAD.replace("dens(", "dense(")
HOPELESS = BAD.replace("dens(4)", "xyzzy")


def test_repairs_are_written_and_the_rest_of_the_file_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.net"
    path.write_text(BAD)
    path.chmod(0o600)
    assert main(["check", str(path), "--fix"]) == 0
    assert path.read_text() == GOOD and path.stat().st_mode & 0o777 == 0o600
    out, err = capsys.readouterr()
    assert out == "No problems in 1 file.\n" and err == f"mended {path}: 1 problem\n"


def test_line_ends_and_the_byte_order_mark_stay(tmp_path: Path) -> None:
    path = tmp_path / "m.net"
    path.write_bytes(b"\xef\xbb\xbf" + BAD.replace("\n", "\r\n").encode())
    assert main(["check", str(path), "--fix"]) == 0
    assert path.read_bytes() == b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()


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
    assert "-  output y = x -> dens(4)   # kept" in out and "+  output y = x -> dense(4)   # kept" in out
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
