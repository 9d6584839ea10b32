"""A wheel, a wheel built from the source distribution, and an editable install each find the grammar and the models."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

PROBE = """
import site, sys
site.addsitedir(sys.argv[1])
import netspec
from netspec.cli.main import main
from netspec.files import data_file, models_dir
model = models_dir() / "mnist.net"
assert main(["check", str(model)]) == 0
assert main(["explain", "unknown-name"]) == 0
print(netspec.__file__, data_file("grammar/netspec.lark"), model, sep="\\n")
"""


def run(*command: str, cwd: Path, **environment: str) -> str:
    """The standard output of a command that must succeed."""
    done = subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(wheel: Path, folder: Path) -> list[Path]:
    """Install a wheel into an empty folder and return where the package, the grammar and a model are found from there.

    The probe runs without `site`, so that an editable install in the environment of these tests cannot answer for the wheel.
    """
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder), str(wheel), cwd=wheel.parent)
    path = os.pathsep.join([str(folder), sysconfig.get_path("purelib")])
    out = run(sys.executable, "-S", "-P", "-c", PROBE, str(folder), cwd=folder, PYTHONPATH=path)
    return [Path(line) for line in out.splitlines()[-3:]]


def build(call: str, source: Path, out: Path) -> Path:
    """Call one hook of the build backend in a process of its own; returns the file that it made."""
    out.mkdir()
    name = run(sys.executable, "-c", f"from hatchling import build; print(build.{call}({str(out)!r}))", cwd=source)
    return out / name.splitlines()[-1]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return (tmp_path / "target").resolve()


def test_a_wheel_holds_grammar_and_models(root: Path, tmp_path: Path, target: Path) -> None:
    found = install(build("build_wheel", root, tmp_path / "dist"), target)
    assert found == [target / "netspec/__init__.py", target / "netspec/grammar/netspec.lark", target / "netspec/models/mnist.net"]


def test_a_source_distribution_builds_the_same_wheel(root: Path, tmp_path: Path, target: Path) -> None:
    archive = build("build_sdist", root, tmp_path / "sdist")
    run(sys.executable, "-m", "tarfile", "-e", str(archive), str(tmp_path / "unpacked"), cwd=tmp_path)
    [source] = (tmp_path / "unpacked").iterdir()
    assert (source / "tests/conftest.py").is_file() and (source / "LICENSE").is_file()
    found = install(build("build_wheel", source, tmp_path / "dist"), target)
    assert found == [target / "netspec/__init__.py", target / "netspec/grammar/netspec.lark", target / "netspec/models/mnist.net"]


def test_an_editable_install_uses_the_checkout(root: Path, tmp_path: Path, target: Path) -> None:
    found = install(build("build_editable", root, tmp_path / "dist"), target)
    assert found == [root / "netspec/__init__.py", root / "grammar/netspec.lark", root / "models/mnist.net"]
