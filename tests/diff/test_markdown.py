"""Markdown for pull requests: whole whatever its size, within what a comment takes, and without a word of a spec that a host reads."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from markdown_it import MarkdownIt

from netspec.cli.main import main
from netspec.compile import check
from netspec.limits import LIMITS
from netspec.source import Source
from netspec.tools import mermaid
from netspec.tools.diff.compare import compare
from netspec.tools.diff.markdown_form import say, write_markdown
from netspec.tools.diff.words import plain

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
LINKED = re.compile(r"@\w|://|\bwww\.|#\d|\bGH-\d|\b[0-9a-f]{7,40}\b", re.IGNORECASE)
"""What GitHub makes a link of in the page that was made of Markdown, outside of code."""


def require_whole(page: str) -> None:
    """What is opened is closed, in its order, and a comment has room for all of it."""
    assert len(page) <= LIMITS.comment_characters < 65_536
    opened, ticks, table = 0, "", False
    for line in page.split("\n"):
        marks = re.match("`{3,}", line)
        if ticks:
            ticks = "" if line == ticks else ticks
        elif marks:
            ticks = marks[0]
        else:
            opened += (line == "<details>") - (line == "</details>")
            assert opened >= 0
            assert not line.startswith("| ") or table or re.match(r"\| .*\|$", line)
        table = line.startswith("|")
    assert not opened and not ticks, page[-500:]


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    main(list(words))
    return capsys.readouterr().out


def layers(count: int) -> str:
    """So many layers, whose labels are long."""
    return "".join(f"  x = x -> {'y' * 80}{k}: dense(8)\n" for k in range(count))


def of_two_long_specs(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A difference whose list of layers is longer than a comment."""
    texts = [f"netspec 1\nmodel M {{\n  input x: f32[B, 8]\n{rows}  output y = x -> dense(8)\n}}\n" for rows in ("", layers(300))]
    for name, text in zip("ab", texts, strict=True):
        (folder / f"{name}.net").write_text(text)
    return printed(capsys, "diff", "a.net", "b.net", "--format", "markdown")


def of_folders(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A difference of many specs, long ones and wrong ones among them."""
    for k in range(24):
        for side, width in (("a", 8), ("b", 9)):
            (folder / side).mkdir(exist_ok=True)
            rows = layers(k % 3 * 60) if side == "b" else ""
            text = f"netspec 1\nmodel M {{\n  input x: f32[B, 8]\n{rows}  output y = x -> dense({width})\n}}\n"
            wrong = side == "b" and k % 10 == 9
            (folder / side / f"m{k}.net").write_text(text.replace("dense(9)", "dens(9) + q + r + s") if wrong else text)
    return printed(capsys, "diff", "a", "b", "--format", "markdown")


def of_many_models(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The tables and drawings of many models."""
    models = "".join(f"model M{n} {{\n  input x: f32[B, 8]\n{layers(60)}  output y = x -> dense(8)\n}}\n" for n in range(4))
    (folder / "m.net").write_text(f"netspec 1\n{models}")
    return printed(capsys, "show", "m.net", "--as", "markdown")


def of_many_problems(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """More problems than a comment has room for."""
    for k in range(60):
        rows = "".join(f"  a{j} = x -> dens(3, `{'w' * 60}`=1)\n" for j in range(15))
        (folder / f"m{k}.net").write_text(f"netspec 1\nmodel M {{\n  input x: f32[B, 8]\n{rows}  output y = x\n}}\n")
    return printed(capsys, "check", ".", "--format", "markdown")


@pytest.mark.parametrize("write", [of_two_long_specs, of_folders, of_many_models, of_many_problems])
def test_a_comment_takes_any_report_and_what_is_left_out_is_counted(
    write: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = write(tmp_path, capsys)
    require_whole(page)
    assert len(page) > 10_000 and re.search(r"(and [0-9,]+ more|[0-9,]+ parts? left out, see)", page)


def test_a_page_is_whole_at_any_size() -> None:
    """A law: however little room there is, what stands there is whole."""
    texts = [f"netspec 1\nmodel M {{\n  input x: f32[B, 8]\n{rows}  output y = x -> dense(8)\n}}\n" for rows in ("", layers(20))]
    before, after = (check(Source("m.net", text)).typed for text in texts)
    assert before is not None and after is not None
    found = compare(before, after)
    for room in range(100, 8_000, 97):
        page = write_markdown(found, room)
        require_whole(page)
        assert len(page) <= room


NAMES = ("www", "deadbeef", "_a_", "__init__", "a1b2c3d4e5f", "GH", "defaced", "x_", "_", "abcdef0", "plain", "octocat")
PARTS = (
    "www.",
    "e.vil",
    "@octocat",
    "a@b.cd",
    "#12",
    "GH-12",
    "JIRA-7",
    "deadbeef",
    "1234567",
    "_",
    "__",
    "*",
    "`",
    "<b>",
    "[x](y)",
    "a",
    " ",
    "/",
    "-",
    "1.",
    "://",
)


def outside_code(page: str) -> str:
    """What a host looks through for links: the page without code, as HTML."""
    return html.unescape(re.sub(r"<(code|pre)\b.*?</\1>", " ", READER.render(page), flags=re.DOTALL))


def test_no_name_means_anything_in_a_sentence() -> None:
    """A law over random names, keys of dicts among them, which may hold anything."""
    rng = Random(0)
    for _ in range(2_000):
        name = "".join(rng.choices(PARTS, k=rng.randint(1, 4)))
        written = say((plain(name), ": ", "changed"))
        assert not LINKED.search(outside_code(written)), (name, written)
        assert set(re.findall(r"<(\w+)", READER.render(f"- {written}"))) <= {"ul", "li", "code"}, (name, written)


SPEC = """netspec 1
param {n[0]}: float = {rate}
block {n[1]}B {{
  param {n[2]}: int = {width}
  input {n[3]}: f32[B, D]
  output {n[3]} -> dense({n[2]})
}}
model {n[4]}M {{
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> {n[1]}B -> dense(10)
}}
model {n[5]}N {{
  param {n[6]}p: int = {width}
  input {n[7]}: f32[{n[8]}, {width}]
  output {n[9]}o = {n[7]} -> dense({n[6]}p)
}}
train {n[4]}M {{
  data = digits() -> batch({width})
  let {n[10]}l = {rate}
  update {n[11]}u {{ loss = softmax_cross_entropy(logits, label) * {n[10]}l; params = "**"; optimizer = adam({n[0]}) }}
  metric {n[8]}m = accuracy(logits, label)
  duration = {width} epochs
}}
"""


def test_no_name_of_a_spec_means_anything_in_a_difference() -> None:
    rng, compared = Random(1), 0
    for _ in range(40):
        names = [rng.choice(NAMES) for _ in range(12)]
        others = [name if rng.random() < 0.8 else rng.choice(NAMES) for name in names]
        sides = [check(Source("m.net", SPEC.format(n=n, rate=rate, width=w))) for n, rate, w in ((names, 1e-4, 4), (others, 2e-4, 6))]
        before, after = (side.typed for side in sides)
        if before is None or after is None:
            continue
        page = write_markdown(compare(before, after, ("www.e.vil/@a.net", "GH-12.net")))
        require_whole(page)
        assert not LINKED.search(outside_code(page)), (names, others, LINKED.search(outside_code(page)))
        assert not re.search(r"<(em|strong|a|img|del)\b", READER.render(page))
        compared += len(page) > 500
    assert compared > 20


@pytest.mark.parametrize(
    ("marks", "colour"),
    [
        ({"Two_0/dense_0": "added"}, "changed"),
        ({"Two_0": "added"}, "added"),
        ({"Two_0/dense_0": "added", "Two_0/dense_1": "added"}, "added"),
        ({"Two_0/dense_0": "added", "Two_0/dense_1": "changed"}, "changed"),
        ({"dense_0": "added"}, ""),
    ],
)
def test_a_closed_box_has_the_colour_of_all_in_it(marks: dict[str, str], colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mermaid, "DEEPEST", 0)
    block = "block Two {\n  input x: f32[B, D]\n  output x -> dense(4) -> dense(4)\n}\n"
    text = f"netspec 1\n{block}model M {{\n  input x: f32[B, 8]\n  output y = x -> Two\n}}\n"
    typed = check(Source("m.net", text)).typed
    assert typed is not None
    assert re.findall(r"  class \S+ (\w+)", mermaid.draw_model(typed.models["M"], marks)) == ([colour] if colour else [])
