"""Text that is nested as deep as it may be, as JSON and back; what goes deeper in JSON is refused at its place in the text."""

from __future__ import annotations

import pytest

from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file
from netspec.syntax.twin import parse_json, to_json, to_text


def model(*lines: str) -> str:
    return "netspec 1\nmodel M {\n" + "\n".join(lines) + "\n}\n"


DEEPEST = {
    "calls": model("y = " + "f(" * 63 + "x" + ")" * 63),
    "named arguments": model("y = " + "f(a=" * 63 + "x" + ")" * 63),
    "lists": model("y = " + "[" * 63 + "x" + "]" * 63),
    "loops": model(*["repeat 2 {"] * 63, "y = x", *["}"] * 63),
    "calls in loops": model(*["repeat 2 {"] * 31, "y = " + "f(" * 32 + "x" + ")" * 32, *["}"] * 31),
    "chains in calls": model("y = " + "x -> f(a=" * 35 + "x" + ")" * 35),
}


@pytest.mark.parametrize("text", DEEPEST.values(), ids=DEEPEST)
def test_there_and_back(text: str) -> None:
    file, problems = parse(Source("m.net", text))
    assert file is not None and not problems
    written, problems = to_json(file)
    assert not problems
    again, problems = parse_json(Source("m.json", written))
    assert again is not None and not problems
    assert to_text(again) == (print_file(file), [])


@pytest.mark.parametrize("around", [0, 2], ids=["plain", "in loops"])
def test_deeper_than_json_may_be(around: int) -> None:
    deep = "y = " + "x -> f(a=" * 60 + "x" + ")" * 60
    file, problems = parse(Source("m.net", model("z = x", *["repeat 2 {"] * around, "w = x", deep, *["}"] * around)))
    assert file is not None and not problems
    written, [problem] = to_json(file)
    assert written == "" and problem.slug() == "too-large" and problem.at.source.path == "m.net" and problem.at.text == deep


def test_a_name_given_twice_has_its_place() -> None:
    file, _ = parse(Source("m.net", model("y = f(a=1, b=2, a=3)")))
    assert file is not None
    written, [problem] = to_json(file)
    assert written == "" and problem.slug() == "not-in-json" and problem.at.text == "a=3"
