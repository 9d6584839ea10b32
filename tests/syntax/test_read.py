"""Bytes to text: encodings, line ends, invisible characters, limits; and texts that try to be too much."""

from __future__ import annotations

import time

import pytest

from netspec.limits import LIMITS
from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.source_reader import read_source
from tests.syntax.texts import in_model, read, slugs, value

GOOD = in_model("input x: f32[B, 4]", "output y = x -> relu")


@pytest.mark.parametrize(
    "data", [GOOD.encode(), b"\xef\xbb\xbf" + GOOD.encode(), GOOD.replace("\n", "\r\n").encode(), GOOD.replace("\n", "\r").encode()]
)
def test_bom_and_line_ends(data: bytes) -> None:
    source, problems = read_source("m.net", data)
    assert not problems and source.text == GOOD


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x85", "\u200b", "\u202e", "\u2066", "\ufeff", "\u2028", "\U000e0041"])
def test_invisible_characters(character: str) -> None:
    data = GOOD.replace("x ->", f"x{character} ->").encode()
    source, (problem,) = read_source("m.net", data)
    assert (problem.slug(), problem.at.line, problem.at.column) == ("forbidden-character", 5, 15)
    assert f"U+{ord(character):04X}" in problem.message()
    assert not parse(source)[1]


def test_invisible_characters_in_comments() -> None:
    assert [p.slug() for p in read_source("m.net", "netspec 1 # \u202e\n".encode())[1]] == ["forbidden-character"]


def test_bytes_that_are_not_utf8() -> None:
    source, (problem,) = read_source("m.net", b"netspec 1\n# caf\xe9\nmodel M { }\n")
    assert (problem.slug(), problem.at.line, problem.at.column) == ("invalid-encoding", 2, 6)
    assert "0xE9" in problem.message() and not parse(source)[1]


def test_a_file_that_is_too_large() -> None:
    source, (problem,) = read_source("m.net", b"#" * (LIMITS.file_bytes + 1))
    assert problem.slug() == "too-large" and source.text == ""


def test_a_line_that_is_too_long() -> None:
    assert [p.slug() for p in read_source("m.net", b"netspec 1 #" + b"x" * 10_000)[1]] == ["too-large"]


TOO_LARGE = {
    "name": in_model("y = " + "a" * 129),
    "string": in_model(f'y = "{"a" * 4097}"'),
    "brackets": in_model("y = " + "(" * 70 + "1" + ")" * 70),
    "bodies": in_model("repeat 2 {" * 70 + "}" * 70),
    "operators": in_model("y = 1" + " + 1" * 20_000),
    "powers": in_model("y = 1" + "**1" * 5_000),
    "nots": in_model("y = " + "not " * 5_000 + "a"),
    "minuses": in_model("y = " + "- " * 5_000 + "1"),
    "choices": in_model("y = " + "if a { b } else " * 2_000 + "{ c }"),
    "subscripts": in_model("y = x" + "[0]" * 5_000),
}


@pytest.mark.parametrize("text", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_too_deep_or_too_long(text: str) -> None:
    assert slugs(text) == ["too-large"]


def test_more_words_than_are_read() -> None:
    file, problems = parse(Source("m.net", "netspec 1\n" + "x " * 200_001))
    assert file is None and [p.slug() for p in problems] == ["too-large"]


def test_long_but_flat_is_fine() -> None:
    assert len(value("x" + " -> f" * 20_000).stages) == 20_000
    assert len(value("[" + "1, " * 5_000 + "]").items) == 5_000
    assert len(value("f(" + "a + b, " * 2_000 + ")").args) == 2_000


HOSTILE = {
    "openings": "netspec 1\n" + "(" * 4_000,
    "braces": "netspec 1\n" + "{" * 4_000,
    "closings": "netspec 1\n" + ")" * 4_000,
    "mixed": "netspec 1\n" + "([{" * 1_300 + ")}]" * 1_300,
    "crossed": "netspec 1\n" + "(" * 2_000 + "]" * 2_000,
    "quotes": "netspec 1\n" + '"' * 4_001,
    "lines": "netspec 1\nmodel M {\n" + "f(\n" * 1_300,
    "headers": "netspec 1\n" + "model M\n" * 500 + "}" * 500,
    "strings": "netspec 1\nmodel M {\n" + 'x = f("a)))\n' * 400,
    "arrows": "netspec 1\nmodel M { y = x" + " ->" * 2_000 + " }",
    "errors": "netspec 1\nmodel M {\n" + "y = 1 2\n" * 600 + "}",
    "comments": "netspec 1\nmodel M { y = f(\n" + "# c\n" * 1_000 + ") }",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_takes_no_time(text: str) -> None:
    start = time.process_time()
    read(text)
    assert time.process_time() - start < 2


def test_a_newer_version_is_all_that_is_said() -> None:
    file, problems = parse(Source("m.net", "netspec 2\nanything ( at $ all\n"))
    assert file is None and [p.slug() for p in problems] == ["newer-version"]
