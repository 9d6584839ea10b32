"""Situations of a page that are no spec: a session in a shell, a piece of Python, and what only words can tell."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.drawing.text import render_text
from netspec.diagnostics.spec_error import SpecError
from tests.literate import Case

PROBLEM = re.compile(r"^(?:error|warning)\[.*", re.MULTILINE | re.DOTALL)
ERROR = re.compile(r"^error\[", re.MULTILINE)

ROOT = str(Path(__file__).resolve().parents[2])
PLAIN = {"COLUMNS": "100", "NO_COLOR": "1"}


def run_code(code: str) -> Sequence[Diagnostic]:
    """The problems that a piece of Python raises; it knows `netspec` and `numpy`."""
    import numpy

    import netspec

    try:
        exec(compile(code, "page", "exec"), {"netspec": netspec, "numpy": numpy, "__name__": "page"})
    except SpecError as error:
        return error.diagnostics
    except Mistake as mistake:
        return (mistake.diagnostic,)
    return ()


def run_session(text: str) -> str:
    """What the commands of a session say of problems: `$ netspec …` runs in this process, everything else in the shell."""
    said = [run_line(line.removeprefix("$ ").split("  #")[0]) for line in text.splitlines() if line.startswith("$ ")]
    return "\n".join(problem[0] for part in said if (problem := PROBLEM.search(part)))


def run_line(command: str) -> str:
    if not command.startswith("netspec "):
        return subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True).stdout
    return run_command(shlex.split(command)[1:])


def run_command(words: Sequence[str]) -> str:
    """What a command line of netspec prints. Raises AssertionError unless it fails exactly where it names an error."""
    from netspec.cli.main import main

    if "--untrusted" in words:  # forks, which a process with JAX must not
        done = subprocess.run(
            [sys.executable, "-m", "netspec", *words], capture_output=True, text=True, env={**os.environ, **PLAIN, "PYTHONPATH": ROOT}
        )
        return done.stdout + done.stderr
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(out):
        for name, value in PLAIN.items():
            patch.setenv(name, value)
        code = main(words)
    said = out.getvalue()
    assert PROBLEM.search(said) if code else not ERROR.search(said), said
    return said


def tell(case: Case) -> str:
    """What netspec says where no test can bring it about."""
    from tests.spec.told import TOLD

    return render_text([TOLD[case.title]])


SITUATIONS: Mapping[str, Callable[[Case, Any], str]] = {
    "python": lambda case, block: render_text(run_code(block.text)),
    "sh": lambda case, block: run_session(block.text),
    "text": lambda case, block: tell(case) if block is case.spec else "",
}
"""Language of a block -> what netspec says in its situation; nothing where there is no problem."""
