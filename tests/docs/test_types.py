"""What `netspec` exports is typed: a user's script that touches all of it passes pyright's strict mode, without one unknown type."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import netspec

SCRIPT = Path(__file__).with_name("user_script.py")
ROOT = SCRIPT.resolve().parents[2]


@pytest.mark.slow  # pyright takes seconds to start and reads JAX's own types
def test_a_user_s_script_passes_pyright_strict(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT.read_text("utf-8"), encoding="utf-8")
    settings = {"include": ["script.py"], "typeCheckingMode": "strict", "extraPaths": [str(ROOT)], "pythonVersion": "3.11"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "--project", str(tmp_path)]
    found = json.loads(subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout)
    assert found["summary"]["filesAnalyzed"] == 1
    assert [f"{d['range']['start']['line'] + 1}: {d['message']}" for d in found["generalDiagnostics"]] == []


def test_the_script_touches_all_that_is_exported() -> None:
    words = {node.attr for node in ast.walk(ast.parse(SCRIPT.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
    words |= {node.id for node in ast.walk(ast.parse(SCRIPT.read_text("utf-8"))) if isinstance(node, ast.Name)}
    assert set(netspec.__all__) - words == set()
