"""docs/python.md is true: its code runs from top to bottom, and prints what stands behind it (`pytest --update` writes that)."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

import netspec

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"
BLOCK = re.compile(r"^```(?P<info>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
TEXT = PAGE.read_text(encoding="utf-8")


def run(code: str, names: dict[str, Any], line: int) -> str:
    """What a block prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile("\n" * line + code, str(PAGE), "exec"), names)
    return "".join(f"{text.rstrip()}\n" for text in out.getvalue().splitlines())


def test_the_page_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    printed, made, end = "", "", 0
    for block in BLOCK.finditer(TEXT):
        if block["info"] == "python":
            assert printed == "", f"the block before line {TEXT.count(chr(10), 0, block.start())} prints, and nothing shows it"
            printed = run(block["text"], names, TEXT.count("\n", 0, block.start("text")))
        else:
            assert block["info"] == "text"
            if not pytestconfig.getoption("update"):
                assert block["text"] == printed
            made, end, printed = made + TEXT[end : block.start("text")] + printed, block.end("text"), ""
    assert printed == ""
    if pytestconfig.getoption("update"):
        PAGE.write_text(made + TEXT[end:], encoding="utf-8")


def test_the_page_names_all_that_is_exported_and_every_function_of_a_program() -> None:
    assert [name for name in netspec.__all__ if name not in TEXT and name != "__version__"] == []
    inner = {
        "decode_arrays",
        "predict_arrays",
        "first_nan",
        "find_gradient_source",
        "kernels",
        "require_width",
        "send",
        "width",
    }
    inner |= {"feeds", "train", "training_feed", "evaluation_feed", "of", "serves", "symbols", "model", "learned", "recipe"}
    inner |= {"compile_step", "gauge", "may_take_several", "observed_step", "observed_steps"}
    inner |= {"part_plan", "reading", "step_types", "whole_feed"}
    functions = {name for name in vars(netspec.Program) | vars(netspec.Program.__base__ or object) if not name.startswith("_")} - inner
    functions -= set(netspec.Program.__dataclass_fields__)
    assert [name for name in sorted(functions) if f"`{name}(" not in TEXT and f"`{name}`" not in TEXT and f", `{name}(" not in TEXT] == []
