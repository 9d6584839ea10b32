"""Cases 28, 31 to 35 and 37 of the crafted ones, and their siblings: whatever a person or a stranger's file can hold is answered with 0, 1
or 2 and a sentence.
"""

from __future__ import annotations

import ast
import errno
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.compile import check
from netspec.diagnostics.drawing.formats import FORMATS
from netspec.files import open_file, rewrite
from netspec.limits import LIMITS
from netspec.source import Source
from tests.quick import thin

PACKAGE = Path(__file__).resolve().parents[2] / "netspec"
GOOD = "netspec 1\n\nmodel M {\n  input x: f32[B]\n  output y = x\n}\n"
UGLY = "netspec   1\nmodel M { input x: f32[B]; output y = x }\n"
BAD = "netspec 1\n\nmodel M {\n  input x: f32[B]\n  output x + z\n}\n"
Capture = pytest.CaptureFixture[str]


def command(*words: str | bytes, stdout: int | None = subprocess.PIPE, env: dict[str, str] | None = None) -> tuple[int, str]:
    """A command in a process of its own: its exit and what it says, as far as it is ASCII."""
    done = subprocess.run(
        [sys.executable, "-m", "netspec", *words], stdout=stdout, stderr=subprocess.PIPE, env={**os.environ, **(env or {})}, timeout=60
    )
    return done.returncode, ((done.stdout or b"") + done.stderr).decode("ascii", "backslashreplace")


def said(capsys: Capture) -> str:
    captured = capsys.readouterr()
    return captured.out + captured.err


# --- what is imported ------------------------------------------------------------------------------------------------

PATHS = {
    "a zero byte": ("a\\u0000b", "cannot be seen"),
    "a line end": ("a\\nb", "cannot be seen"),
    "an escape": ("a\\u001b[2Jb", "cannot be seen"),
    "a turn of direction": ("a\\u202eb", "cannot be seen"),
    "a folder": ("sub", "Is a directory"),
    "this folder": (".", "Is a directory"),
    "nothing": ("", "Is a directory"),
    "a long name": ("n" * 300, "File name too long"),
    "a file as a folder": ("m.net/x", "Not a directory"),
    "a pipe": ("pipe.net", "a named pipe, not a file"),
    "a socket": ("socket.net", ""),
    "a missing file": ("missing.net", "there is no file"),
    "no spec": ("secret", "it does not begin with `netspec 1`"),
    "no spec in JSON": ("secret.json", "it does not begin with `netspec 1`"),
}
SECRET = "root:x:0:0:hunter2\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything that is no spec in it, as the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    (tmp_path / "sub").mkdir()
    os.mkfifo("pipe.net")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.net")
    Path("secret").write_text(SECRET)
    Path("secret.json").write_text(json.dumps({"password": SECRET}))
    Path("good.net").write_text(GOOD)
    return tmp_path


@pytest.mark.parametrize("form", ["full", "json"])
@pytest.mark.parametrize("mode", [[], ["--untrusted"]], ids=["", "untrusted"])
@pytest.mark.parametrize(("path", "words"), PATHS.values(), ids=PATHS)
def test_an_import_of_what_is_no_file(path: str, words: str, mode: list[str], form: str, folder: Path, capsys: Capture) -> None:
    text = f'netspec 1\nimport A from "{path}"\nmodel M {{ input x: f32[B]; output y = x -> A }}\n'
    Path("m.net").write_text(text)
    name = "m.net"
    if form == "json":
        name = "m.json"
        imported = {"kind": "import", "names": ["A"], "path": "PATH"}
        Path(name).write_text(json.dumps({"netspec": 1, "sections": [imported]}).replace("PATH", path))
    assert main(["check", *mode, name]) == 1
    out = said(capsys)
    assert "hunter2" not in out and (words in out or mode), out


# --- files that are none ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pipe.net", "socket.net", "sub", "/dev/zero", "a\0b", "n" * 300, "secret/x", "\udcff.net"])
@pytest.mark.parametrize(
    "words", [["check"], ["check", "--untrusted"], ["fmt"], ["fmt", "--check"], ["convert"], ["migrate"], ["show"], ["data"]]
)
def test_a_file_that_is_none(words: list[str], name: str, folder: Path, capsys: Capture) -> None:
    code = main([*words, name])
    assert code in ((0, 1, 2) if name == "sub" else (1, 2)) and "bug in netspec" not in said(capsys)


def test_one_file_that_cannot_be_read_leaves_out_none_of_the_others(folder: Path, capsys: Capture) -> None:
    Path("u.net").write_text(UGLY)
    assert main(["fmt", "pipe.net", "u.net"]) == 2
    assert Path("u.net").read_text() == GOOD and "formatted u.net" in said(capsys)


DATA = {
    "csv": ('csv("d.csv", columns={x: f32[], label: i32[]})', "d.csv"),
    "npz": ('npz("d.npz", fields={x: f32[], label: i32[]})', "d.npz"),
    "text_lines": ('text_lines("d.txt")', "d.txt"),
    "mnist": ("mnist()", "train-images-idx3-ubyte"),
    "cifar10": ("cifar10()", "data_batch_1.bin"),
}


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_data_that_is_no_file(make: Callable[[Path], None], tmp_path: Path) -> None:
    """Every reader of data opens files by the one function, which a pipe does not hold up."""
    from netspec.diagnostics.base import Mistake
    from netspec.library.data.datasets.data_file import open_data

    make(tmp_path / "d")
    with pytest.raises(Mistake) as caught:
        open_data(tmp_path / "d")
    assert caught.value.diagnostic.slug() == "unreadable-data"


OWN = {
    "netspec/files.py": "opens every file that a person or a spec names",
    "netspec/tools": "reads and writes netspec's own files",
    "netspec/syntax/table_writer.py": "reads netspec's own grammar",
    "netspec/library/shelf/index_writer.py": "reads netspec's own index",
    "netspec/diagnostics/pages.py": "reads netspec's own pages",
    "netspec/library/data/datasets/digits.py": "reads netspec's own data",
    "netspec/cli/terminal.py": "opens the null device",
    "netspec/report/page.py": "reads netspec's own script and style",
    "netspec/cli/own_process.py": "looks for a word in a spec or a run before anything is imported, and passes over what it cannot read",
    "netspec/train/kept_programs.py": "reads the user's own folder of programs, and what the system says of the processor",
    "netspec/train/profile.py": "asks the system when this process began",
    "netspec/train/worker_process.py": "opens the pipes that it was started with",
    "netspec/train/run_lock.py": "makes the lock of a run, and waits for none",
    "netspec/train/checkpoint_store.py": "flushes what it has written itself",
    "netspec/train/manifest.py": "reads a manifest",
    "netspec/train/metrics_log.py": "reads a log",
}
"""Modules that open files themselves, and why they may."""
OPENERS = {"open", "read_text", "read_bytes", "memmap", "fromfile"}


def opened(path: Path) -> list[int]:
    """The lines of a module on which a file is opened without `open_file`."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    return [node.lineno for node in calls if is_opening(node)]


def is_opening(call: ast.Call) -> bool:
    name = call.func
    if isinstance(name, ast.Name):
        return name.id == "open"
    if not isinstance(name, ast.Attribute) or name.attr not in OPENERS:
        return False
    owner = name.value.id if isinstance(name.value, ast.Name) else ""
    on_open_file = owner in ("archive", "pillow", "self", "world") or (owner == "np" and name.attr == "memmap")
    return not on_open_file


def test_no_other_module_opens_files() -> None:
    found = {
        str(path.relative_to(PACKAGE.parent)): lines
        for path in sorted(PACKAGE.rglob("*.py"))
        if (lines := opened(path)) and not any(str(path.relative_to(PACKAGE.parent)).startswith(own) for own in OWN)
    }
    assert not found, "open these with `netspec.files.open_file`"


def test_a_file_is_opened_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "l").symlink_to("a")
    for name in ("a", "l"):
        with open_file(tmp_path / name) as file:
            assert file.read() == b"abc" and not os.get_inheritable(file.fileno())


# --- fmt -------------------------------------------------------------------------------------------------------------


def test_fmt_through_links_keeps_them_and_the_mode(folder: Path, capsys: Capture) -> None:
    real = folder / "sub" / "a.net"
    real.write_text(UGLY)
    real.chmod(0o600)
    Path("l.net").symlink_to("sub/a.net")
    Path("ll.net").symlink_to("l.net")
    assert main(["fmt", "ll.net"]) == 0 and "formatted ll.net" in said(capsys)
    assert Path("l.net").is_symlink() and Path("ll.net").is_symlink() and real.read_text() == GOOD
    assert real.stat().st_mode & 0o7777 == 0o600


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, 0o4755])
def test_the_mode_and_the_owner_stay(mode: int, folder: Path) -> None:
    path = folder / "a.net"
    path.write_text(UGLY)
    before = path.stat()
    path.chmod(mode)
    assert main(["fmt", str(path)]) == 0
    after = path.stat()
    assert (after.st_mode & 0o7777, after.st_uid, after.st_gid) == (mode, before.st_uid, before.st_gid) and path.read_text() == GOOD


def test_a_file_with_several_names_keeps_them(folder: Path) -> None:
    Path("a.net").write_text(UGLY + "#" * 500)
    os.link("a.net", "b.net")
    assert main(["fmt", "a.net"]) == 0
    assert os.path.samefile("a.net", "b.net") and Path("b.net").read_text().startswith(GOOD)
    assert not list(folder.glob(".*.tmp"))


def test_a_file_that_may_not_be_written_is_left_alone(folder: Path, capsys: Capture) -> None:
    Path("a.net").write_text(UGLY)
    Path("a.net").chmod(0o444)
    assert main(["fmt", "a.net"]) == 2 and "read-only" in said(capsys)
    assert Path("a.net").read_text() == UGLY and Path("a.net").stat().st_mode & 0o777 == 0o444


def test_what_somebody_else_writes_meanwhile_is_not_lost(folder: Path) -> None:
    from netspec.diagnostics.base import Mistake

    Path("a.net").write_text("theirs")
    with pytest.raises(Mistake, match="changed it meanwhile"):
        rewrite("a.net", b"ours", "new")
    assert Path("a.net").read_text() == "theirs" and not list(folder.glob(".*.tmp"))


def test_migrate_and_convert_keep_links_too(folder: Path) -> None:
    Path("real.json").write_text("{}")
    Path("real.json").chmod(0o600)
    Path("l.json").symlink_to("real.json")
    assert main(["convert", "good.net", "-o", "l.json", "--force"]) == 0
    assert Path("l.json").is_symlink() and json.loads(Path("real.json").read_text())["netspec"] == 1
    assert Path("real.json").stat().st_mode & 0o777 == 0o600


# --- names of files and terminals ------------------------------------------------------------------------------------

NO_UTF8 = b"\xff.net"
ON_NAMES = [
    ["check"],
    ["check", "--format", "json"],
    ["check", "--format", "sarif"],
    ["check", "--format", "github"],
    ["check", "--untrusted"],
    ["fmt", "--check"],
    ["fmt"],
    ["convert"],
    ["migrate"],
    ["show"],
    ["show", "--as", "resolved"],
    ["data"],
]


@pytest.mark.parametrize("words", thin(ON_NAMES, 4), ids=" ".join)
@pytest.mark.parametrize("text", [GOOD, BAD], ids=["good", "bad"])
def test_names_that_are_no_utf8(words: list[str], text: str, folder: Path) -> None:
    Path(os.fsdecode(NO_UTF8)).write_text(text)
    code, out = command(*words, NO_UTF8, env={"PYTHONIOENCODING": "utf-8:strict"})
    assert code == int(text == BAD and words[0] not in ("fmt", "migrate", "convert")), out
    if "json" in words or "sarif" in words:
        json.loads(out)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize(
    "words",
    [["check", "bad.net"], ["check", "é…\u202e.net"], ["show", "good.net"], ["explain", "no-such-file"], ["--help"], ["schema", "relu"]],
)
def test_terminals_that_cannot_write_everything(words: list[str], encoding: str, folder: Path) -> None:
    Path("bad.net").write_text(BAD)
    Path("é…\u202e.net").write_text(BAD)
    code, out = command(*words, env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "1"})
    assert code == int(words[0] == "check") and "bug in netspec" not in out
    if encoding == "ascii":
        assert "\\x" not in out and ("..." in out or words[0] != "check")


def test_a_spec_is_written_as_it_is_whatever_the_terminal_lacks(folder: Path) -> None:
    Path("m.net").write_text("netspec 1\n\n# é…→\n" + GOOD.removeprefix("netspec 1\n\n"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "netspec", "fmt", "-"],
        input=Path("m.net").read_bytes(),
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0 and done.stdout == Path("m.net").read_bytes()


OUTPUTS = [
    ["check", "good.net"],
    ["check", "bad.net"],
    ["show", "good.net"],
    ["explain"],
    ["convert", "good.net"],
    ["schema"],
    ["--help"],
    ["check", "--help"],
]


@pytest.mark.parametrize("words", OUTPUTS, ids=" ".join)
def test_an_output_that_cannot_be_written(words: list[str], folder: Path) -> None:
    Path("bad.net").write_text(BAD)
    with open("/dev/full", "wb") as full:
        code, out = command(*words, stdout=full.fileno())
    assert code == 2 or (code, words) == (1, ["check", "bad.net"]), out
    assert os.strerror(errno.ENOSPC) in out and "Traceback" not in out and "Exception ignored" not in out
    closed = subprocess.run(["sh", "-c", 'exec "$0" -m netspec "$@" >&-', sys.executable, *words], capture_output=True, timeout=60)
    assert closed.returncode == 2 and b"Bad file descriptor" in closed.stderr and b"Traceback" not in closed.stderr
    silent = subprocess.run(["sh", "-c", 'exec "$0" -m netspec "$@" >&- 2>&- <&-', sys.executable, *words], capture_output=True, timeout=60)
    assert silent.returncode == 2 and silent.stdout + silent.stderr == b""


def test_an_error_stream_that_cannot_be_written_leaves_the_exit_code(folder: Path) -> None:
    Path("bad.net").write_text(BAD)
    for end in ("2>/dev/full", "2>&-"):
        done = subprocess.run(
            ["sh", "-c", f'exec "$0" -m netspec fmt --check bad.net nothing.net {end}', sys.executable], capture_output=True
        )
        assert (done.returncode, done.stdout) == (2, b"")


def test_fmt_reads_no_more_of_the_standard_input_than_a_spec_may_have(folder: Path) -> None:
    words = {"<&-": (2, "cannot read `<stdin>`: Bad file descriptor"), "</dev/zero": (1, "bytes")}
    for source, (code, said) in words.items():
        done = subprocess.run(["sh", "-c", f'exec "$0" -m netspec fmt - {source}', sys.executable], capture_output=True, timeout=60)
        assert done.returncode == code and said in done.stderr.decode() and not done.stdout, done.stderr


def test_no_file_gets_the_place_of_a_closed_stream(folder: Path) -> None:
    Path("u.net").write_text(UGLY)
    done = subprocess.run(["sh", "-c", 'exec "$0" -m netspec fmt u.net <&- >&- 2>&-', sys.executable], timeout=60)
    assert done.returncode == 0 and Path("u.net").read_text() == GOOD


# --- the environment -------------------------------------------------------------------------------------------------

ASKED = {"JAX_PLATFORMS": "nope", "JAX_ENABLE_X64": "maybe", "JAX_NUM_CPU_DEVICES": "many"}


@pytest.mark.parametrize(("name", "value"), ASKED.items(), ids=ASKED)
def test_a_jax_that_cannot_start(name: str, value: str, root: Path, tmp_path: Path) -> None:
    code, out = command("train", str(root / "models" / "digits.net"), "--out", str(tmp_path / "run"), env={name: value})
    assert code == 2 and f"{name}={value}" in out and "bug in netspec" not in out


@pytest.mark.slow
def test_a_whole_run_is_not_called_damaged_where_jax_cannot_start(folder: Path) -> None:
    text = "netspec 1\n\nmodel M {\n  input image: f32[B, 8, 8, 1]\n  output logits = image -> flatten -> dense(10)\n}\n\n"
    text += "train M {\n  data = digits() -> batch(512)\n  loss = softmax_cross_entropy(logits, label)\n  optimizer = sgd(0.1)\n"
    Path("t.net").write_text(text + "  duration = 1 step\n}\n")
    assert command("train", "t.net", "--out", "run")[0] == 0
    for platforms, *words in (
        ("nope", "eval", "run"),
        ("cpu,nope", "eval", "run"),
        ("cpu,nope", "predict", "run", "--input", "x.npz"),
        ("cpu,nope", "train", "t.net", "--out", "run", "--resume"),
    ):
        code, out = command(*words, env={"JAX_PLATFORMS": platforms})
        assert code == 2 and "JAX cannot start with" in out and f"JAX_PLATFORMS={platforms}" in out and "damaged" not in out, (words, out)


ODD = [
    {"COLUMNS": "0"},
    {"COLUMNS": "9" * 30},
    {"COLUMNS": "\u0664"},
    {"TERM": ""},
    {"HOME": ""},
    {"TMPDIR": "/gone"},
    {"NETSPEC_CACHE": "/dev/null/x"},
]


@pytest.mark.parametrize("env", ODD, ids=lambda env: next(iter(env)))
def test_an_odd_environment(env: dict[str, str], folder: Path) -> None:
    assert command("check", "good.net", env=env)[0] == 0
    assert command("show", "good.net", env=env)[0] == 0


def test_a_folder_that_is_gone(folder: Path) -> None:
    Path("a.net").write_text('netspec 1\nimport A from "b.net"\nmodel M { input x: f32[B]; output y = x -> A }\n')
    Path("b.net").write_text("netspec 1\nblock A { input x: f32[B]; output x -> relu }\n")
    for words, code in (
        (["check", str(folder / "a.net")], 0),
        (["check", "a.net"], 2),
        (["fmt", "a.net"], 2),
        (["docs"], 2),
        (["show", str(folder / "a.net")], 0),
    ):
        Path("here").mkdir()
        line = 'cd here && rmdir ../here && exec "$0" -m netspec "$@"'
        done = subprocess.run(["sh", "-c", line, sys.executable, *words], capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stdout + done.stderr


# --- disclosure ------------------------------------------------------------------------------------------------------

OTHERS = {
    "passwords": "root:x:0:0:hunter2\n",
    "a long line": "hunter2 " * 3_000,
    "no UTF-8": "hunter2 \udcff\n",
    "a program": "import os\npassword = 'hunter2'\n",
    "a model without its first line": "model M { hunter2 }\n",
    "comments before": "# a list\n\n# of\nhunter2\n",
    "brackets": "hunter2 ((((\n",
    "a control character": "hunter2 \x1b[2J\n",
}


@pytest.mark.parametrize("text", thin(OTHERS.values(), 4))
@pytest.mark.parametrize("name", ["secret", "secret.net", "secret.json"])
def test_the_text_of_what_is_no_spec_is_not_shown(name: str, text: str, folder: Path, capsys: Capture) -> None:
    Path(name).write_bytes(text.encode("utf-8", "surrogateescape"))
    Path("m.net").write_text(f'netspec 1\nimport A from "{name}"\n')
    for words in (["--untrusted", name], ["--untrusted", "m.net"], ["m.net"]):
        for form in FORMATS:
            assert main(["check", "--format", form, *words]) == 1
            assert "hunter2" not in said(capsys), (words, form)


def test_a_slip_in_the_first_line_is_shown_all_the_same(folder: Path, capsys: Capture) -> None:
    Path("m.net").write_text("Netspec 1\nmodel M { input x: f32[B]; output y = x }\n")
    assert main(["check", "--untrusted", "m.net"]) == 1 and "Netspec" in said(capsys)


# --- limits ----------------------------------------------------------------------------------------------------------


def nested(depth: int) -> str:
    """A spec in JSON with calls inside one another, in which so many brackets of the text are open."""
    value: object = "x"
    for _ in range(depth - 1):
        value = {"kind": "call", "op": "relu", "args": [value]}
    body = [{"kind": "input", "name": "x", "type": "f32[B]"}, {"kind": "output", "name": "y", "value": value}]
    return json.dumps({"netspec": 1, "sections": [{"kind": "model", "name": "M", "body": body}]})


@pytest.mark.parametrize("more", [0, 1, 6, 40])
def test_json_is_no_deeper_than_text(more: int) -> None:
    found = [p.slug() for p in check(Source("m.json", nested(LIMITS.brackets + more))).problems]
    assert found == (["too-large"] if more else [])
