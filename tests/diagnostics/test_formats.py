"""The same problems as JSON, SARIF and GitHub annotations: nothing lost, everything escaped, nothing endless."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from netspec.diagnostics.base import Edit, Place
from netspec.diagnostics.drawing import json_report
from netspec.diagnostics.drawing.formats import FORMATS, render
from netspec.diagnostics.drawing.github_annotations import to_github
from netspec.diagnostics.drawing.json_report import to_json, to_object
from netspec.diagnostics.drawing.markdown_report import write_code, write_words
from netspec.diagnostics.drawing.sarif_report import to_sarif
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.source import Span
from tests.diagnostics.samples import SampleProblem, SampleWarning, find, source

TEXT = source("netspec 1\nmodel M {\n  y = x -> dens(3)\n  z = y\n}\n", "models/my net.net")
TYPO = SampleProblem(
    at=find(TEXT, "dens"),
    says="there is no layer `dens`.",
    under="not known",
    others=(Place(find(TEXT, "x"), "f32[B, 3]"),),
    trail=(Place(find(TEXT, "M"), "in the call of block `M`"),),
    repair="did you mean `dense`?",
    changes=(Edit(find(TEXT, "dens"), "dense"),),
)
UNUSED = SampleWarning(at=find(TEXT, "z"), says="`z` is never used.")
NOWHERE = SampleProblem(says="the loss is nan.")


MEANT = (
    "[l](http://e.vil)", "![i](http://e.vil/i.png)", "**/kernel", "*a* _b_ __c__ ~~d~~", "`tick` ``two``", "a | b \\| c", "\\", "$x$ $$y$$",
    "<b>x</b> <!-- y --> &amp; &#64;", "[a]: http://e.vil", "<http://e.vil>", "a\\[b](c)", "# h", "- x", "1. x", "]]>", "{x}", "\\`x`",
)  # fmt: skip
"""Texts that Markdown gives a meaning."""
FOUND = ("@octocat", "@a/b", "http://e.vil", "ftp://e.vil", "www.e.vil", "WWW.e.vil", "#12", "octo/cat#12", "GH-12", "gh-12", "a@b.cd")
"""Texts that code hosts make a link of in the page that was made of Markdown."""


@pytest.mark.parametrize("write", [write_words, write_code])
def test_texts_mean_nothing_in_markdown(write: Callable[[str], str]) -> None:
    """A law, by a reader of Markdown: whatever stands in a spec comes out as it is, in a cell of a table, with no element but code."""
    for text in (*MEANT, *FOUND):
        page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(f"| a | b |\n|---|---|\n| {write(text)} | end |\n")
        [cell] = re.findall(r"<td>(.*)</td>\n<td>end</td>", page)
        assert set(re.findall(r"<(\w+)", cell)) <= {"code"}, (text, cell)
        plain = html.unescape(re.sub("</?code>", "", cell)).replace("\u200b", "")
        assert plain == text or (write is write_words and plain.replace("`", "") == text.replace("`", "")), (text, plain)


def test_no_host_finds_links_in_texts() -> None:
    for text in FOUND:
        for written in (write_words(text), write_code(text)):
            assert not re.search(r"@\w|://|www\.|#\d|GH-\d", html.unescape(written).replace("\\", ""), re.IGNORECASE), written


def test_no_host_finds_commits_in_sentences() -> None:
    """In code it looks for none, and there a word is to be copied as it is."""
    for text in ("deadbeef", "0" * 40, "see A1B2C3D."):
        assert not re.search(r"\b[0-9a-f]{7,40}\b", write_words(text), re.IGNORECASE)
        assert write_code(text) == f"<code>{text}</code>" and write_words(text).replace("\u200b", "") == text


def test_paths_are_addresses_of_the_files_that_they_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backslash parts folders on Windows alone; `./m.net` is what a host calls m.net."""
    for path, uri in (("a\\b.net", "a%5Cb.net"), ("./a#b.net", "a%23b.net"), ("a b%.net", "a%20b%25.net")):
        problem = replace(TYPO, at=find(source(TEXT.text, path), "dens"), others=(), trail=(), changes=())
        [result] = json.loads(to_sarif([problem]))["runs"][0]["results"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri
        assert f"file={path.removeprefix('./').replace('%', '%25')}," in to_github([problem])


@pytest.mark.parametrize("marker", ["folder", "file", "GITHUB_WORKSPACE", "none"])
def test_paths_are_from_the_root_of_the_repository(marker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A law: from whichever folder of a repository a file is named, and however, a host is told the one path that it knows it by."""
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    (tmp_path / "r/models/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "r")
    if marker == "folder":
        (tmp_path / "r/.git").mkdir()
    elif marker == "file":  # of a worktree or a submodule
        (tmp_path / "r/.git").write_text("gitdir: x")
    elif marker == "GITHUB_WORKSPACE":
        monkeypatch.setenv(marker, str(tmp_path / "link"))
    file, outside = tmp_path / "r/models/deep/a.net", tmp_path / "b.net"
    for folder in ("r", "r/models", "r/models/deep"):
        monkeypatch.chdir(tmp_path / folder)
        names = [os.path.relpath(file), str(file), os.path.join(".", os.path.relpath(file)), str(tmp_path / "link/models/deep/a.net")]
        expected = "models/deep/a.net" if marker != "none" else os.path.relpath(file)
        for name, told in (*((name, expected) for name in names), (os.path.relpath(outside), str(outside))):
            problem = replace(TYPO, at=find(source(TEXT.text, name), "dens"), others=(), trail=(), changes=())
            place = json.loads(to_sarif([problem]))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
            assert place == ({"uri": f"file://{told}"} if told.startswith("/") else {"uri": told, "uriBaseId": "%SRCROOT%"}), name
            assert f"file={told}," in to_github([problem]), name


def test_json_holds_every_fact() -> None:
    assert to_object(TYPO) == {
        "slug": "sample-problem",
        "severity": "error",
        "message": "there is no layer `dens`.",
        "label": "not known",
        "path": "models/my net.net",
        "line": 3,
        "column": 12,
        "end": {"line": 3, "column": 16},
        "places": [{"path": "models/my net.net", "line": 3, "column": 7, "end": {"line": 3, "column": 8}, "text": "f32[B, 3]"}],
        "chain": [],
        "trail": [
            {"path": "models/my net.net", "line": 2, "column": 7, "end": {"line": 2, "column": 8}, "text": "in the call of block `M`"}
        ],
        "help": "did you mean `dense`?",
        "edits": [{"path": "models/my net.net", "line": 3, "column": 12, "end": {"line": 3, "column": 16}, "text": "dense"}],
    }


def test_json_counts() -> None:
    report = json.loads(to_json([UNUSED, TYPO, NOWHERE]))
    assert [p["message"] for p in report["problems"]] == [NOWHERE.says, TYPO.says, UNUSED.says]
    assert (report["errors"], report["warnings"], report["omitted"]) == (2, 1, 0)
    assert report["problems"][0]["path"] is None and "line" not in report["problems"][0]


def test_sarif_is_what_the_standard_asks_for() -> None:
    log = json.loads(to_sarif([TYPO, UNUSED, NOWHERE]))
    [run] = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["sample-problem", "sample-warning"]
    assert [(r["ruleId"], r["level"]) for r in run["results"]] == [
        ("sample-problem", "error"),
        ("sample-problem", "error"),
        ("sample-warning", "warning"),
    ]
    assert run["results"][0]["locations"] == []
    place = run["results"][1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "models/my%20net.net"
    assert place["region"] == {"startLine": 3, "startColumn": 12, "endLine": 3, "endColumn": 16}
    assert [r["message"]["text"] for r in run["results"][1]["relatedLocations"]] == ["f32[B, 3]", "in the call of block `M`"]
    [change] = run["results"][1]["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [{"deletedRegion": place["region"], "insertedContent": {"text": "dense"}}]


def test_sarif_escapes_placeholders_and_links() -> None:
    text = json.loads(to_sarif([SampleProblem(says="write `train M {0}` [here](http://x) \x1b")]))["runs"][0]["results"][0]["message"][
        "text"
    ]
    assert text == "write `train M {{0}}` [here] (http://x) <U+001B>"


def test_absolute_paths_are_file_uris() -> None:
    result = json.loads(to_sarif([SampleProblem(at=Span(source("x", "/a b/c.net"), 0, 1))]))["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "file:///a%20b/c.net"


def test_github_annotations() -> None:
    assert to_github([TYPO, UNUSED, NOWHERE]).split("\n") == [
        "::error title=sample-problem::the loss is nan.",
        "::error file=models/my net.net,line=3,col=12,endLine=3,endColumn=16,title=sample-problem::there is no layer `dens`.%0A"
        "models/my net.net:3:7: f32[B, 3]%0Ain the call of block `M` here: models/my net.net:2:7%0Ahelp: did you mean `dense`?",
        "::warning file=models/my net.net,line=4,col=3,endLine=4,endColumn=4,title=sample-warning::`z` is never used.",
    ]


def test_github_annotations_cannot_be_forged() -> None:
    evil = SampleProblem(at=Span(source("x", "a,b:c%\n.net"), 0, 1), says="100%\n::error::forged\r\n::set-output name=x::y")
    [line] = to_github([evil]).split("\n")
    assert line.startswith("::error file=a%2Cb%3Ac%25%0A.net,line=1,")
    assert line.endswith("::100%25%0A::error::forged %0A::set-output name=x::y")


@pytest.mark.parametrize("format", FORMATS)
def test_the_thousandth_problem_is_the_last_that_is_shown(format: str) -> None:
    number = 1_234 if format != "sarif" else 5_234
    report = render([SampleProblem(says=f"problem {i}.") for i in range(number)], format)
    shown = number - 234
    assert f"problem {shown - 1}." in report and f"problem {shown}." not in report
    assert "234" in report.rsplit("problem", 1)[-1] or "234 more problems" in report


@pytest.mark.parametrize("format", [f for f in FORMATS if f != "full"])
def test_a_report_ends_at_its_size_limit(format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_report, "LIMITS", replace(LIMITS, report_characters=2_000))
    report = render([SampleProblem(says="x" * 500) for _ in range(20)], format)
    assert "x" * 500 in report and len(report) < 4_000


@pytest.mark.parametrize("format", ["full", "concise", "github"])
def test_no_problems_are_no_output(format: str) -> None:
    assert render([], format) == ""


def test_no_problems_are_an_empty_report() -> None:
    assert json.loads(to_json([])) == {"problems": [], "errors": 0, "warnings": 0, "omitted": 0}
    assert json.loads(to_sarif([]))["runs"][0]["results"] == []


def test_a_file_whose_errors_are_cut_fails_all_the_same() -> None:
    """A build server counts as passed what is no failure."""
    many = [replace(TYPO, says=f"problem {n}.") for n in range(LIMITS.problems)]
    late = source("netspec 1\nmodel M { y = x -> dens(3) }\n", "models/zz.net")
    said = render(
        [*many, replace(TYPO, at=find(late, "dens"), others=(), trail=(), changes=())], "junit", files=["models/my net.net", late.path]
    )
    assert 'tests="2" failures="2"' in said and '<failure type="not-shown" message="1 error, not shown"/>' in said
