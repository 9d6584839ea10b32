"""`pytest --netspec`: specs are collected as tests, with what pyproject.toml asks of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLEAN = "netspec 1\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> dense(4)\n}\n"


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=env)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/clean.net").write_text(CLEAN)
    (tmp_path / "models/wrong.net").write_text(CLEAN.replace("dense", "dens"))
    (tmp_path / "models/unused.net").write_text(CLEAN.replace("  output", "  z = x -> dense(3)\n  output"))
    (tmp_path / "models/big.net").write_text(CLEAN.replace("dense(4)", "dense(40)"))
    (tmp_path / "models/package.json").write_text('{"name": "x"}')
    (tmp_path / "test_code.py").write_text("def test_it():\n    pass\n")
    (tmp_path / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\naddopts = '-p netspec.pytest_plugin'\n[tool.netspec.budgets]\n'**' = {max-params = 100}\n"
    )
    return tmp_path


def test_specs_are_tests(folder: Path) -> None:
    """A pytest of its own with the plugin named, since a checkout need not be installed anew to be tested."""
    done = run(folder, "--netspec", "-v")
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
    assert "models/clean.net::check PASSED" in done.stdout and "models/wrong.net::check FAILED" in done.stdout
    assert "error[unknown-name]" in done.stdout and "--> models/wrong.net:4:19" in done.stdout and "test_it PASSED" in done.stdout
    assert "over-budget" in done.stdout and "360 parameters" in done.stdout and "package.json" not in done.stdout
    assert "models/unused.net::check PASSED" in done.stdout and "1 warning" in done.stdout
    assert "models/unused.net:4: SpecWarning: the binding `z` is never used [unused-binding]" in done.stdout


def test_a_warning_fails_its_spec_where_pytest_was_told_so(folder: Path) -> None:
    done = run(folder, "--netspec", "-W", "error", "models/unused.net", "models/clean.net")
    assert done.returncode == 1 and "1 failed, 1 passed" in done.stdout
    assert "is never used [unused-binding]" in done.stdout and "pytest_plugin.py" not in done.stdout


def test_without_the_option_nothing_is_collected_or_imported(folder: Path) -> None:
    (folder / "test_code.py").write_text(
        "import sys\n\ndef test_it():\n    assert not [m for m in sys.modules if m.startswith('netspec.cli')]\n"
    )
    done = run(folder, "-v")
    assert done.returncode == 0 and "1 passed" in done.stdout


def test_a_wrong_configuration_is_an_error_of_use(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-p netspec.pytest_plugin'\n[tool.netspec]\nfile = []\n")
    done = run(folder, "--netspec")
    assert done.returncode == 4 and "error[unknown-configuration]" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("place", "own", "given"),
    [
        ("conftest.py", 'parser.addoption("--netspec", action="store_true")', ["--netspec"]),
        ("conftest.py", 'parser.getgroup("netspec").addoption("--nets", "--netspec", dest="netspec", default="no")', []),
        ("early.py", 'parser.getgroup("mine").addoption("--netspec", help="x")', ["-p", "early", "--netspec", "no"]),
    ],
)
def test_an_option_of_the_same_name_is_left_to_its_project(place: str, own: str, given: list[str], folder: Path) -> None:
    """Added before ours or behind it, in any group."""
    (folder / place).write_text(f"def pytest_addoption(parser):\n    {own}\n")
    done = run(folder, *given)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr
    assert "netspec: `--netspec` is an option of another plugin" in done.stdout
