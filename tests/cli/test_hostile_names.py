"""Names that begin a line, steer a terminal or turn its direction: wherever they stand, what every command prints of them is text."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from netspec.cli.main import COMMANDS, main
from netspec.testing.checks import hold, require

PACKAGE = Path(__file__).resolve().parents[2] / "netspec"
GOOD = "netspec 1\n\nmodel M {\n  input x: f32[B]\n  output y = x\n}\n"
UGLY = "netspec   1\nmodel M { input x: f32[B]; output y = x }\n"
BAD = "netspec 1\n\nmodel M {\n  input x: f32[B]\n  output x + z\n}\n"
Capture = pytest.CaptureFixture[str]


def said(capsys: Capture) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder but for a spec, as the current one."""
    monkeypatch.chdir(tmp_path)
    Path("good.net").write_text(GOOD)
    return tmp_path


HOSTILE = [
    "a\n::error::x",
    "b\r\n::error::y",
    "c\x1b[2J\x1b]0;t\x07d",
    "e\u202egnp",
    "f\u2028::error::z",
    "g\x9b31m\x85::error::w",
    "h\t\x0b\x0ci",
    "\udcff\n::error::",
]
"""Names that begin a line, steer a terminal, or turn its direction."""


def is_quiet(text: str) -> None:
    """What a terminal or a build server reads of it is text."""
    require(all(c == "\n" or c.isprintable() or c in "\xa0" for c in text), f"control characters in {text!r}")
    forged = [line for line in text.split("\n") if line.lstrip().startswith(("::error::", "::set"))]
    require(not forged, f"a line that a build server takes for a command: {forged}")


def strings_of(name: str) -> list[list[str]]:
    """For each argument of a command that takes text, a command line that gives it the hostile name, the others something harmless."""
    from netspec.cli.main import build_parser

    parser = build_parser([name])._subparsers._group_actions[0].choices[name]  # type: ignore[union-attr, index]
    taking = [a for a in parser._actions if a.nargs != 0]
    lines = []
    for chosen in taking:
        words: list[str] = []
        for action in taking:
            if action is chosen or action.required or (not action.option_strings and action.nargs not in ("?", "*")):
                value = "HOSTILE" if action is chosen else "good.net"
                words += [*action.option_strings[-1:], value]
        lines.append(words)
    return lines


def names_everywhere(case: tuple[str, str, Capture]) -> None:
    """Each argument of a command as a hostile name, and each file that it reads under one."""
    name, hostile, capsys = case
    for words in strings_of(name):
        for value in (hostile, f"x={hostile}", f"{hostile}=1"):
            code = main([name, *(word.replace("HOSTILE", value) for word in words)])
            out = said(capsys)
            require(code in (0, 1, 2), f"{name} {words} ended with {code}: {out}")
            is_quiet(out)


@pytest.mark.parametrize("name", COMMANDS)
def test_hostile_arguments_of_every_command(name: str, folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr("netspec.tools.reference.PAGES", {"page.md": lambda: "a page"})  # the whole takes seconds to write
    hold([names_everywhere], *((name, hostile, capsys) for hostile in HOSTILE))


TRAIN = """netspec 1
model M {{ input x: f32[B]; output y = x * 2.0 }}
train M {{
  data = csv("d.csv", fields={{x: f32[], label: f32[]}}) -> batch(2)
  loss = mean_squared_error(y, label)
  optimizer = sgd(0.1)
  duration = 1 step
  {}
}}
"""
READERS = [
    ["check"],
    ["check", "--format", "github"],
    ["fmt", "--check"],
    ["fmt"],
    ["convert"],
    ["migrate"],
    ["migrate", "--check"],
    ["show"],
    ["show", "--as", "resolved"],
    ["show", "--as", "tree"],
    ["show", "--as", "schedule"],
    ["data"],
    ["data", "--data", "."],
    ["train", "--out", "r"],
]


def files_everywhere(case: tuple[str, Sequence[str], Capture]) -> None:
    """A good spec and a bad one under a hostile name, in a hostile folder, imported from one."""
    hostile, words, capsys = case
    Path(hostile).mkdir(exist_ok=True)
    for text in (GOOD, UGLY, BAD, TRAIN.format(""), TRAIN.format("strange = 1"), f'netspec 1\nimport M from "{hostile}"\n'):
        if words[0] == "train" and "csv" not in text:
            continue
        path = os.path.join(hostile, f"{hostile}.net")
        Path(path).write_text(text, "utf-8", "surrogateescape")
        code = main([*words, path])
        out = said(capsys)
        require(code in (0, 1, 2), f"{words} ended with {code}: {out}")
        is_quiet("\n".join(line for line in out.split("\n") if not line.startswith(("::error file=", "::warning file="))))


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_hostile_names_of_files(words: list[str], folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    hold([files_everywhere], *((hostile, words, capsys) for hostile in HOSTILE))


def test_hostile_columns_and_words_of_json(folder: Path, capsys: Capture) -> None:
    """What stands in files: headers of tables, keys, names and strings of a spec in JSON."""
    for hostile in HOSTILE[:-1]:
        Path("d.csv").write_text(f'"{hostile}",label\n1,2\n', "utf-8")
        Path("t.net").write_text(TRAIN.format(""))
        assert main(["train", "t.net", "--data", ".", "--out", "r"]) in (1, 2)
        is_quiet(said(capsys))
        for body in (
            {hostile: 1},
            {"kind": hostile},
            {"kind": "model", "name": hostile, "body": []},
            {"kind": "import", "names": [hostile], "path": hostile},
            {"kind": "model", "name": "M", "body": [{"kind": "require", "condition": "false", "message": json.dumps(hostile)}]},
        ):
            Path("m.json").write_text(json.dumps({"netspec": 1, "sections": [body]}))
            for words in (["check"], ["show"], ["convert"], ["fmt", "--check"], ["show", "--as", "tree"], ["data"]):
                assert main([*words, "m.json"]) in (0, 1, 2)
                is_quiet(said(capsys))


# --- what a run makes of them ----------------------------------------------------------------------------------------

PICTURES = """netspec 1
model M { input image: f32[B, H, W, 3]; output logits = image -> conv(4, 1) -> global_avg_pool -> dense(8) }
train M {
  data = image_folder("p") -> batch(4)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 2 steps
  eval {
    data = image_folder("p") -> batch(4)
    metric wrong = confusion_matrix(logits, label)
    metric each = recall(logits, label, average="none")
  }
}
"""


def commands(capsys: Capture, *lines: Sequence[str]) -> list[int]:
    """The exits of commands in a row, of which all that they say is quiet."""
    codes = []
    for words in lines:
        codes.append(main([*words]))
        out = said(capsys)
        require(codes[-1] in (0, 1, 2), f"{words} ended with {codes[-1]}: {out}")
        is_quiet(out)
    return codes


def test_hostile_classes_and_pictures_of_a_run(folder: Path, capsys: Capture) -> None:
    """Class folders and pictures under hostile names; what is shown of them in tables, and of one class or picture more that is wrong."""
    from PIL import Image

    for number, hostile in enumerate(HOSTILE):
        (folder / "p" / hostile).mkdir(parents=True)
        Image.new("RGB", (8, 8), (number * 30, 9, 9)).save(folder / "p" / hostile / f"{hostile}.png")
    Path("t.net").write_text(PICTURES)
    here = ("--data", ".")
    assert commands(capsys, ["data", "t.net", *here], ["train", "t.net", *here, "--out", "r"], ["eval", "r", *here]) == [0, 0, 0]
    np.savez("x.npz", image=np.zeros((2, 8, 8, 3), np.float32))
    assert commands(capsys, ["predict", "r", "--input", "x.npz"], ["train", "t.net", *here, "--out", "r", "--resume"]) == [0, 0]
    for hostile in HOSTILE:
        more = folder / "p" / f"z{hostile}"
        more.mkdir()
        assert commands(capsys, ["eval", "r", *here], ["train", "t.net", *here, "--out", "r", "--resume"])[0] == 1
        more.rmdir()
        picture = folder / "p" / hostile / f"z{hostile}.png"
        picture.write_bytes(b"no picture")
        assert commands(capsys, ["data", "t.net", *here], ["eval", "r", *here]) == [0, 1]
        picture.unlink()


TABLE = """netspec 1
model M {{ input x: f32[B, 2]; output logits = x -> dense(3) }}
train M {{
  data = csv("d.csv", fields={{x: f32[2], label: i32[]}}, columns={{x: [{names}]}}, classes={{label: [{words}]}}) -> batch(2)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 1 step
  eval {{
    data = csv("d.csv", fields={{x: f32[2], label: i32[]}}, columns={{x: [{names}]}}, classes={{label: [{words}]}}) -> batch(2)
    metric wrong = confusion_matrix(logits, label)
  }}
}}
"""


def quote(name: str) -> str:
    """A string of the language, every character of it an escape."""
    return '"' + "".join(f"\\u{ord(c):04x}" for c in name) + '"'


def test_hostile_words_and_columns_of_a_table(folder: Path, capsys: Capture) -> None:
    """The names of columns and classes, which a spec may write with escapes, in the header and the cells of the file too."""
    for k, hostile in enumerate(HOSTILE[:-1]):
        words, names = [hostile, f"{hostile}2", "c"], [f"{hostile}3", "b"]
        quoted = {"words": ", ".join(map(quote, words)), "names": ", ".join(map(quote, names))}
        Path("t.net").write_text(TABLE.format(**quoted), "utf-8")
        cells = "".join(f'1,2,"{word}"\n' for word in words)
        Path("d.csv").write_text(f'"{names[0]}",b,label\n{cells}', "utf-8")
        lines = [["check", "t.net"], ["show", "t.net"], ["data", "t.net", "--data", "."]]
        run = [["train", "t.net", "--data", ".", "--out", f"r{k}"], ["eval", f"r{k}", "--data", "."]]
        assert commands(capsys, *lines, *run) == [0] * 5, hostile
        for header, row in ((f"{hostile}9", cells), (names[0], f'1,2,"{hostile}9"\n'), (names[0], f'"{hostile}",2,c\n')):
            Path("d.csv").write_text(f'"{header}",b,label\n{row}', "utf-8")
            commands(capsys, ["train", "t.net", "--data", ".", "--out", "s"], ["eval", f"r{k}", "--data", "."])


def test_hostile_arrays(folder: Path, capsys: Capture) -> None:
    """Names of arrays in an archive, as data and as the input of `predict`, and the archive's own name."""
    for k, (form, name) in enumerate((("npz", "d.npz"), ("arrays", "d.npz"))):
        data = 'npz("d.npz", fields={x: f32[], label: f32[]})' if form == "npz" else "arrays(fields={x: f32[], label: f32[]})"
        Path("t.net").write_text(
            TRAIN.format("eval { data = DATA }")
            .replace("DATA", data + " -> batch(2)")
            .replace('csv("d.csv", fields={x: f32[], label: f32[]})', data)
        )
        good = {"x": np.ones(4, np.float32), "label": np.ones(4, np.float32)}
        where = "." if form == "npz" else name
        np.savez(name, **good)
        assert commands(capsys, ["train", "t.net", "--data", where, "--out", f"r{k}"], ["eval", f"r{k}", "--data", where]) == [0, 0]
        for j, hostile in enumerate(HOSTILE[:-1]):
            more, alone = {"x": good["x"], hostile: good["x"]}, {hostile: good["x"]}
            odd = {hostile: np.array([{}], object)} if j % 2 else {f"a/{hostile}": good["x"]}
            for arrays in (more, alone, odd):
                np.savez(name, **arrays)
                commands(capsys, ["train", "t.net", "--data", where, "--out", "s"], ["eval", f"r{k}", "--data", where])
                np.savez(f"{hostile}.npz", **arrays)
                commands(capsys, ["predict", f"r{k}", "--input", f"{hostile}.npz", "--output", f"{hostile}/o.npz"])


def test_annotations_name_the_file_and_forge_nothing(folder: Path, capsys: Capture) -> None:
    Path("a\n::error::x.net").write_text(BAD)
    assert main(["check", "--format", "github", "a\n::error::x.net"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and all(line.startswith("::error file=a%0A%3A%3Aerror%3A%3Ax.net,line=5,") for line in lines)


def test_commands_print_by_one_module() -> None:
    """`print` and the streams stand in `terminal.py` alone, so that no command writes a name as it is."""
    for path in sorted((PACKAGE / "cli").glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        printed = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "print"]
        written = [
            n.lineno for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "write"
        ]
        assert path.name == "terminal.py" or not [*printed, *written], path
