"""`netspec fmt`: rewrites what is not in the language's style, touches nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from netspec.cli.main import main

UGLY = "netspec 1\nmodel M{input x:f32[B,8]\noutput y=x->dense( 4 )}\n"
STYLED = "netspec 1\n\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> dense(4)\n}\n"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "m.net"
    file.write_text(UGLY)
    return file


def test_a_file_is_rewritten_once(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", str(spec)]) == 0
    assert spec.read_text() == STYLED and capsys.readouterr() == ("", f"formatted {spec}\n")
    before = spec.stat().st_mtime_ns
    assert main(["fmt", str(spec)]) == 0
    assert spec.stat().st_mtime_ns == before and capsys.readouterr() == ("", "")


def test_check_changes_nothing(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--check", str(spec)]) == 1
    assert spec.read_text() == UGLY and capsys.readouterr().err == f"would format {spec}\n"
    spec.write_text(STYLED)
    assert main(["fmt", "--check", str(spec)]) == 0
    assert capsys.readouterr().err == "1 file formatted already.\n"


def test_stdin_to_stdout(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(UGLY.encode())))
    assert main(["fmt", "-"]) == 0
    assert capsys.readouterr() == (STYLED, "")


@pytest.mark.parametrize("content", [b"netspec 1\nmodel M { input x f32 }\n", b"netspec 1\n# \xff\n"])
def test_what_cannot_be_read_is_left_alone(content: bytes, spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write_bytes(content)
    assert main(["fmt", str(spec)]) == 1
    assert spec.read_bytes() == content and "error[" in capsys.readouterr().err


def test_line_ends_and_bom_are_part_of_the_style(spec: Path) -> None:
    spec.write_bytes(b"\xef\xbb\xbf" + STYLED.replace("\n", "\r\n").encode())
    assert main(["fmt", "--check", str(spec)]) == 1
    assert main(["fmt", str(spec)]) == 0
    assert spec.read_bytes() == STYLED.encode()


def test_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", str(tmp_path / "no.net")]) == 2
    assert "there is no file" in capsys.readouterr().err


def test_the_zoo_is_in_style(root: Path) -> None:
    assert main(["fmt", "--check", str(root / "models")]) == 0
