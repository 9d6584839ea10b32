"""The command line as a whole: usage, exit codes for every way to end, and no traceback unless it is asked for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netspec import __version__
from netspec.cli import explain
from netspec.cli.main import COMMANDS, main, module
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.files import WriteFailed
from netspec.diagnostics.spec_error import SpecError
from tests.diagnostics.samples import SampleProblem, SampleWarning, find, source

TEXT = source("netspec 1\nmodel M { }\n")
BAD = SampleProblem(at=find(TEXT, "M"), says="`M` is wrong.")
Run = Callable[[BaseException], int]


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command that ends with an exception."""

    def run(error: BaseException, *options: str) -> int:
        def fail(args: object) -> int:
            raise error

        monkeypatch.setattr(explain, "run", fail)
        return main([*options, "explain", "x"])

    return run


ENDINGS = [
    (SystemExit(7), 7, ""),
    (SystemExit("text"), 2, ""),
    (SpecError([BAD]), 1, "error[sample-problem]: `M` is wrong."),
    (SpecError([SampleWarning(says="odd.")]), 0, "warning[sample-warning]: odd."),
    (Mistake(BAD), 1, "--> models/m.net:2:7"),
    (Mistake(WriteFailed(path="a", step="writing", reason="No space left on device")), 2, "cannot write `a`: No space left"),
    (KeyboardInterrupt(), 130, ""),
    (FileNotFoundError(2, "No such file or directory", "x.npz"), 2, "netspec: No such file or directory: `x.npz`."),
    (OSError(28, "No space left on device"), 2, "netspec: No space left on device."),
    (MemoryError(), 2, "netspec: out of memory."),
    (ModuleNotFoundError("No module", name="PIL.Image"), 2, "the Python package `PIL.Image` is not installed"),
    (ModuleNotFoundError("No module", name="netspec.nothing"), 101, "this is a bug in netspec (ModuleNotFoundError)"),
    (OSError("odd"), 101, "this is a bug in netspec (OSError)"),
    (KeyError("secret"), 101, "this is a bug in netspec (KeyError), not in your spec."),
]


@pytest.mark.parametrize(("error", "code", "words"), ENDINGS, ids=lambda v: type(v).__name__ if isinstance(v, BaseException) else None)
def test_every_ending_has_its_code_and_no_traceback(
    error: BaseException,
    code: int,
    words: str,
    ending: Run,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert ending(error) == code
    out, err = capsys.readouterr()
    assert out == "" and words in err and "Traceback" not in err
    assert words or err == ""


def test_debug_shows_the_traceback(ending: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(KeyError("inner"), "--debug") == 101
    assert "Traceback (most recent call last)" in (err := capsys.readouterr().err) and "KeyError: 'inner'" in err


def test_a_bug_report_is_saved_without_data(
    ending: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    error = ValueError("password 1234")
    error.__cause__ = KeyError("my secret")
    ending(error)
    [report] = tmp_path.iterdir()
    text = report.read_text()
    assert str(report) in capsys.readouterr().err
    assert report.stat().st_mode & 0o077 == 0
    assert f"netspec {__version__}" in text and "command: explain" in text and "ValueError\n" in text and "KeyError\n" in text
    assert "netspec/cli/guard.py" in text and "in run_guarded" in text
    assert "1234" not in text and "secret" not in text and str(Path.home()) not in text.replace("/root/", "/")


def test_a_report_that_cannot_be_saved_is_said(
    ending: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no"))
    assert ending(KeyError()) == 101
    assert "a report could not be saved (FileNotFoundError)" in capsys.readouterr().err


USAGE = [
    [],
    ["nonsense"],
    ["check", "--jobs", "few"],
    ["check", "--format", "xml", "a.net"],
    ["train", "a.net", "--set", "rate"],
    ["train", "a.net", "--set", "=1"],
    ["predict"],
    ["show", "a.net", "--as", "poem"],
]


@pytest.mark.parametrize("argv", USAGE, ids=" ".join)
def test_wrong_use_is_2_with_a_usage_line(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert capsys.readouterr().err.startswith("usage: netspec")


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0 and capsys.readouterr().out == f"netspec {__version__}\n"
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(module(command).HELP in text for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"usage: netspec {command}" in capsys.readouterr().out


def test_train_flags_reach_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    from netspec.cli import train

    seen = []
    monkeypatch.setattr(train, "run", lambda args: seen.append(args) or 0)
    assert main("train m.net --set rate=0.5 --set M.width=8 --data d --out o --resume --debug".split()) == 0
    [args] = seen
    assert (args.file, args.set, args.data, args.out, args.resume, args.debug) == ("m.net", ["rate=0.5", "M.width=8"], "d", "o", True, True)


SLEEPER = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets its background jobs ignore it
from netspec.cli import explain
from netspec.cli.main import main
def run(args):
    print("ready", flush=True)
    time.sleep(60)
explain.run = run
sys.exit(main(["explain", "x"]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_end_with_their_code(number: signal.Signals, code: int, root: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", SLEEPER], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (code, "")


COLLECTOR = """
import gc, os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from netspec.cli import explain
from netspec.cli.main import main
def collect(phase, info):
    if phase == "start":
        os.kill(os.getpid(), int(sys.argv[1]))
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            pass
def run(args):
    gc.callbacks.append(collect)
    gc.collect()
    gc.callbacks.remove(collect)
    time.sleep(20)
    return 0
explain.run = run
sys.exit(main(["explain", "x"]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_inside_a_callback_of_the_garbage_collector_ends_the_command_too(number: signal.Signals, code: int, root: Path) -> None:
    done = subprocess.run([sys.executable, "-c", COLLECTOR, str(int(number))], cwd=root, capture_output=True, text=True, timeout=15)
    assert (done.returncode, done.stderr) == (code, "")


def test_a_closed_pipe_is_no_bug(root: Path) -> None:
    code = "from netspec.cli.main import main; import sys; sys.exit(main(['explain']))"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", code], cwd=root, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (2, "")


def test_python_dash_m_is_the_command(root: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "netspec", "--version"], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"netspec {__version__}\n")
