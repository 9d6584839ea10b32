"""Everything derived is as its generator writes it, and the generator says so when it is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netspec.tools import generate


@pytest.mark.slow
def test_the_derived_files_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_file_is_named_and_then_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "page.md").write_text("before\n<!-- generated: list -->\nold\n<!-- end -->\nafter\n")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "FOUNDATIONS", {})
    monkeypatch.setattr(generate, "FILES", {"new/file.txt": lambda: "text\n"})
    monkeypatch.setattr(generate, "REGIONS", {"page.md": {"list": lambda: "- \\1 one\n"}})
    assert generate.main(["--check"]) == 1
    assert re.findall("^stale (.*)$", capsys.readouterr().out, re.MULTILINE) == ["new/file.txt", "page.md"]
    assert not (tmp_path / "new").exists()
    assert generate.main([]) == 0
    assert (tmp_path / "new/file.txt").read_text() == "text\n"
    assert (tmp_path / "page.md").read_text() == "before\n<!-- generated: list -->\n- \\1 one\n<!-- end -->\nafter\n"
    assert generate.main(["--check"]) == 0


def test_new_foundations_come_before_what_is_derived_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of a new op is made of specs that name it, and a process that has read the old index does not know it."""
    (tmp_path / "pyproject.toml").touch()
    rest: list[bool] = []

    def fail() -> str:
        raise ValueError("there is no layer or function `new`")

    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "FOUNDATIONS", {"index.py": lambda: "new\n"})
    monkeypatch.setattr(generate, "FILES", {"page.md": fail})
    monkeypatch.setattr(generate, "REGIONS", {})
    monkeypatch.setattr(generate, "write_the_rest", lambda: rest.append(True) or 0)
    assert generate.main(["--check"]) == 1 and not rest
    assert generate.main([]) == 0
    assert (tmp_path / "index.py").read_text() == "new\n" and rest == [True]


def test_a_page_without_its_region_is_refused() -> None:
    with pytest.raises(LookupError, match="no region `list`"):
        generate.replace_regions("nothing here\n", {"list": str})
