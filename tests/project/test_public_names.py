"""What `netspec` exports: looked up on first use, and the doors that take a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import netspec

TEXT = "netspec 1\n\nparam width: int = 4\n\nmodel M {\n  input x: f32[B, width]\n  output y = x -> dense(3)\n}\n"
JSON = '{"netspec": 1, "sections": []}'


def test_every_name_is_there_and_has_a_docstring() -> None:
    assert set(netspec._HOMES) == set(netspec.__all__) - {"__version__"}
    assert [name for name in netspec.__all__ if not (getattr(netspec, name).__doc__ or "").strip()] == []
    assert dir(netspec) == netspec.__all__
    with pytest.raises(AttributeError, match="no attribute `?'?model"):
        _ = netspec.model  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), "\ufeff" + TEXT, "\n# a comment\n" + TEXT, TEXT.replace("\n\n", "\n")])
def test_a_string_with_a_line_break_is_a_text(text: str) -> None:
    assert netspec.check(text).problems == ()
    assert netspec.compile(text).model.name == "M"


def test_what_begins_as_a_spec_does_is_a_text_and_anything_else_a_path(tmp_path: Path) -> None:
    assert [p.at.source.path for p in netspec.check("netspec 1; model M { input x: f32[B] output y = z }").problems[:1]] == ["<text>"]
    assert [p.at.source.path for p in netspec.check('{"netspec": 1, "parts": []}').problems[:1]] == ["<text>.json"]
    for path in ("model", "models/none.net", tmp_path / "netspec 1", Path("{")):
        assert [p.slug() for p in netspec.check(path).problems] == ["no-such-file"]


def test_a_problem_of_a_text_is_drawn_with_its_line() -> None:
    with pytest.raises(netspec.SpecError, match=r"(?s)unknown-name.*--> <text>:7:19") as caught:
        netspec.compile(TEXT.replace("dense(3)", "dens(3)"))
    assert [p.slug() for p in caught.value.diagnostics] == ["unknown-name"]


def test_the_json_twin_is_a_text_too(tmp_path: Path) -> None:
    from netspec.cli.main import main

    (tmp_path / "m.net").write_text(TEXT)
    assert main(["convert", str(tmp_path / "m.net"), "--output", str(tmp_path / "m.json")]) == 0
    twin = (tmp_path / "m.json").read_text()
    assert netspec.check(twin).ok and netspec.compile(" ".join(twin.split())).model.name == "M"


@pytest.mark.parametrize(
    ("values", "size"),
    [({"width": 8}, 8), ({"width": "2 * 4"}, 8), ({"M.width": 5}, 4), (None, 4), ({}, 4)],
)
def test_set_takes_the_place_of_values(values: Any, size: int) -> None:
    found = netspec.check(TEXT, set=values)
    assert found.ok is ("M.width" not in (values or {}))
    if found.ok:
        assert str(netspec.compile(TEXT, set=values).model.input_types()["x"].shape[1]) == str(size)


def test_values_of_python_are_written_in_the_language() -> None:
    import numpy as np

    from netspec.compile import text_of

    values = [True, None, 3, 1e-5, [1, 2.5], ("a", False), {"a": 1, "b": [2]}, np.float32(0.5), np.arange(3), "softmax(x)"]
    written = ["true", "none", "3", "1e-05", "[1, 2.5]", "[a, false]", "{a: 1, b: [2]}", "0.5", "[0, 1, 2]", "softmax(x)"]
    assert [text_of(value) for value in values] == written


def test_an_unknown_train_section_is_a_problem() -> None:
    assert [p.slug() for p in netspec.check(TEXT, train="Fast").problems] == ["unknown-train"]
    with pytest.raises(netspec.SpecError, match="unknown-train"):
        netspec.compile(TEXT, "Fast")


WRONG: dict[str, Any] = {
    "a spec that is a number": lambda: netspec.check(3),  # type: ignore[arg-type]
    "bytes": lambda: netspec.compile(b"netspec 1\n"),  # type: ignore[arg-type]
    "values that are a list": lambda: netspec.compile(TEXT, set=["width"]),  # type: ignore[arg-type]
    "a value that the language has not": lambda: netspec.check(TEXT, set={"width": object()}),
    "a plugin that is a string": lambda: netspec.check(TEXT, plugins="acme"),
    "a value among Python's arguments": lambda: netspec.compile(TEXT, width=8),  # type: ignore[call-arg]
}


@pytest.mark.parametrize("case", WRONG)
def test_other_types_of_python_are_type_errors(case: str) -> None:
    with pytest.raises(TypeError):
        WRONG[case]()
