"""The floors, short files, and modules that can all be imported."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "netspec"
GENERATED = re.compile(r"\A(#|\"\"\").{0,200}(generated|Generated)", re.DOTALL)


def python_files(*folders: str) -> list[Path]:
    return sorted(f for folder in folders for f in (ROOT / folder).rglob("*.py"))


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_modules_import_only_from_lower_floors() -> None:
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_folder_with_modules_is_a_package() -> None:
    """The floors are read from packages: a folder without `__init__.py` would escape them."""
    missing = {f.parent for f in PACKAGE.rglob("*.py") if not (f.parent / "__init__.py").is_file()}
    assert not missing


IMPORT_EACH = """
import importlib, sys, warnings
warnings.simplefilter("error")
forget, names = sys.argv[1] == "alone", sys.argv[2:]
for name in names:
    for known in [m for m in sys.modules if forget and m.split(".")[0] == "netspec"]:
        del sys.modules[known]
    try:
        importlib.import_module(name)
    except Exception as error:
        print(f"{name}: {error!r}")
"""


@pytest.mark.parametrize("how", ["together", pytest.param("alone", marks=pytest.mark.slow)])
def test_every_module_can_be_imported(how: str) -> None:
    """One process that forgets netspec between the modules finds the same import cycles as a process for each, in a tenth of the time."""
    names = [module_name(f) for f in python_files("netspec") if f.name != "__main__.py"]
    done = subprocess.run([sys.executable, "-c", IMPORT_EACH, how, *names], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr


def test_every_module_says_what_it_is() -> None:
    texts = {f: f.read_text("utf-8") for f in python_files("netspec", "tests")}
    silent = [str(f.relative_to(ROOT)) for f, text in texts.items() if text.strip() and not ast.get_docstring(ast.parse(text))]
    assert not silent
