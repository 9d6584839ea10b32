"""A plugin cannot end netspec: whatever it does to leave is its fault, said with its name, and never success without a word."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from netspec.cli.main import COMMANDS, build_parser, main
from tests.plugins.conftest import Install
from tests.plugins.test_loading import LAYER

ENDINGS = {
    "exit 0": "import sys; sys.exit(0)",
    "exit 1": "import sys; sys.exit(1)",
    "exit with words": "raise SystemExit('bye')",
    "the system's exit": "import os; os._exit(0)",
    "a key that nobody pressed": "raise KeyboardInterrupt",
    "an exception of its own": "raise type('Odd', (BaseException,), {})('odd')",
    "a closed generator": "raise RuntimeError('generator raised StopIteration')",
    "no memory": "raise MemoryError",
}
SPEC = "netspec 1\nmodel M {\n  input x: f32[B, 4]\n  output y = x -> acme.one\n}\n"


WRONG = "    def shape(self):\n        return None\n"


def test_a_method_with_other_arguments_is_its_fault(install: Install, spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    install({"broken.py": f"{LAYER}\n{WRONG}"}, acme="broken")
    assert main(["check", "--plugin", "acme", spec]) == 1
    assert "error[plugin-fault]: `acme.one` of the plugin `acme` failed in `shape`" in capsys.readouterr().out


@pytest.fixture
def spec(tmp_path: Path) -> str:
    (tmp_path / "m.net").write_text(SPEC)
    return str(tmp_path / "m.net")


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_while_it_is_loaded(ending: str, install: Install, spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    install({"broken.py": f"{ending}\n"}, acme="broken")
    assert main(["check", "--plugin", "acme", spec]) == 2
    out = capsys.readouterr().out
    assert "error[plugin-broken]" in out and "`acme`" in out


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_while_an_op_of_it_is_asked(ending: str, install: Install, spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    shape = f"    def shape(self, facts, x):\n        {ending}\n"
    install({"broken.py": f"{LAYER}\n{shape}"}, acme="broken")
    assert main(["check", "--plugin", "acme", spec]) == 1
    out = capsys.readouterr().out
    assert "acme" in out and "No problems" not in out


def takes_plugins(command: str) -> bool:
    return "--plugin" in build_parser([command])._subparsers._group_actions[0].choices[command].format_help()


RUNS = ("eval", "predict", "export", "checkpoints", "report")
"""Need a run, and so a plugin that once worked."""


@pytest.mark.parametrize("command", [c for c in COMMANDS if takes_plugins(c) and c not in RUNS])
def test_every_command_says_so(command: str, install: Install, spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install({"broken.py": "import sys; sys.exit(0)\n"}, acme="broken")
    own = {"docs": ["--out", str(tmp_path / "docs")], "schema": [], "compile": [spec, "-o", str(tmp_path / "trainer")], "diff": [spec] * 2}
    more = own.get(command, [spec])
    assert main([command, "--plugin", "acme", *more]) == 2
    captured = capsys.readouterr()
    assert "error[plugin-broken]" in captured.out + captured.err


def test_a_real_interrupt_is_none_of_the_plugins(install: Install, spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    install({"broken.py": "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor _ in range(9**9): pass\n"}, acme="broken")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a process that was started in the background ignores it
    try:
        assert main(["check", "--plugin", "acme", spec]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().out == ""


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # of JAX, where it is loaded
def test_its_own_process_may_end(install: Install, spec: str) -> None:
    install({"broken.py": f"import os\nif os.fork() == 0:\n    os._exit(0)\nos.wait()\n{LAYER}\n"}, acme="broken")
    assert main(["check", "--plugin", "acme", spec]) == 0
