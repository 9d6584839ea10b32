"""The sessions of docs/data_to_answers.md happen as they stand there: from a person's file to answers, by the commands of the page alone.

What is compared is each word; numbers may differ from machine to machine. `...` stands for lines that are left out. `--update` writes the
sessions anew.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from netspec.cli.main import main
from tests.docs.five_kinds import KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "data_to_answers.md"
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
KEPT = (4, 6)
"""Lines of a training that are shown, at its beginning and at its end."""


def section(text: str, kind: str) -> str:
    """What stands on the page under a heading."""
    return re.split(r"^## ", text.split(f"\n## {kind}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def commands(session: str) -> list[tuple[str, str]]:
    """The command lines of a session, with what stands below them."""
    parts = re.split(r"^\$ (.*)\n", session, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def play(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints, which must succeed."""
    words = shlex.split(line)
    if words[0] != "netspec":
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout
    code = main(words[1:])
    said = capsys.readouterr()
    assert code == 0, said.err
    return said.out


def shorten(line: str, said: str) -> str:
    """A session's lines as the page has them."""
    lines = said.splitlines()
    if line.startswith("netspec train") and len(lines) > sum(KEPT):
        lines = [*lines[: KEPT[0]], "...", *lines[-KEPT[1] :]]
    return "".join(f"{text}".rstrip() + "\n" for text in lines)


def plain(said: str) -> str:
    """What is compared."""
    return re.sub(r"\s+|#[#\s]*", lambda m: " " if m[0].isspace() else "#", re.sub(r"[0-9][0-9,.e+-]*", "#", said))


@pytest.mark.parametrize("kind", [kind if kind == "A table" else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS])
def test_a_session(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pytestconfig: pytest.Config
) -> None:
    if kind == "A folder of pictures":
        pytest.importorskip("PIL.Image")
    text = PAGE.read_text("utf-8")
    KINDS[kind](tmp_path)
    monkeypatch.chdir(tmp_path)
    own = section(text, kind)

    def replay(block: re.Match[str]) -> str:
        played = [(line, written, shorten(line, play(line, capsys))) for line, written in commands(block[0])]
        for line, written, said in played:
            assert pytestconfig.getoption("update") or plain(written) == plain(said), line
        return "".join(f"$ {line}\n{said}" for line, _, said in played)

    made = BLOCK.sub(replay, own)
    if pytestconfig.getoption("update"):
        PAGE.write_text(text.replace(own, made), "utf-8")


def test_the_page_has_a_session_for_each_kind_of_data() -> None:
    text = PAGE.read_text("utf-8")
    for kind in KINDS:
        lines = [line for block in BLOCK.findall(section(text, kind)) for line, _ in commands(block)]
        used = [words[1] for line in lines if (words := line.split())[0] == "netspec"]
        assert {"data", "train", "predict"} <= set(used), kind
