"""A bug in a plugin is the plugin's, in every place where netspec calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

import netspec
from netspec.cli.main import main
from netspec.compile import check
from netspec.diagnostics.running.plugins import PluginFault
from netspec.library.shelf.plugins import find_blamed
from netspec.source import Source
from tests.plugins.conftest import Install

SPEC = """netspec 1

model M {
  input x: f32[B, 1]
  z = x -> dense(1)
  output found = z -> NAME
}

train M {
  data = acme.line() -> batch(8)
  loss = acme.held(found, y)
  optimizer = sgd(0.1)
  duration = 1 step
}
"""


@pytest.fixture(autouse=True)
def both(install: Install) -> None:
    install(acme="acme", faulty="faulty")


def spec(folder: Path, name: str) -> str:
    file = folder / "m.net"
    file.write_text(SPEC.replace("NAME", name))
    return str(file)


@pytest.mark.parametrize(
    ("name", "error"),
    [("shape", "IndexError: tuple index out of range"), ("make", "KeyError: 'judge'"), ("params", "ZeroDivisionError: no width")],
)
def test_a_rule_that_fails_is_laid_at_its_use(name: str, error: str) -> None:
    found = check(Source("m.net", SPEC.replace("NAME", f"faulty.{name}")), plugins=["acme", "faulty"]).problems
    (problem,) = found
    assert isinstance(problem, PluginFault) and problem.exit_code == 1
    assert (problem.plugin, problem.op, problem.error) == ("faulty", f"faulty.{name}", error)
    assert problem.at.text == f"faulty.{name}" and problem.where.startswith("faulty.py:")


@pytest.mark.parametrize(("command", "name"), [("show", "flops"), ("train", "apply"), ("check", "shape"), ("train", "shape")])
def test_a_command_says_so_and_does_not_call_it_a_bug_of_netspec(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([command, spec(tmp_path, f"faulty.{name}"), "--plugin", "acme", "--plugin", "faulty"]) == 1
    out, err = capsys.readouterr()
    assert f"`faulty.{name}` of the plugin `faulty` failed in `{name}`" in out + err
    assert "bug in netspec" not in out + err


def test_in_python_the_plugins_own_error_comes_through(tmp_path: Path) -> None:
    model = netspec.compile(spec(tmp_path, "faulty.apply"), plugins=["acme", "faulty"])
    with pytest.raises(IndexError) as caught:
        model.fit(out=tmp_path / "run")
    fault = find_blamed(caught.value)
    assert fault is not None and fault.plugin == "faulty"


def test_errors_of_netspec_are_not_the_plugins() -> None:
    try:
        check(Source("m.net", SPEC.replace("NAME", "acme.twice")), plugins=["acme"])
        raise RuntimeError("of this test")
    except RuntimeError as error:
        assert find_blamed(error) is None
