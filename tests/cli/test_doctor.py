"""`netspec doctor` and `netspec explain`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from netspec.cli import doctor
from netspec.cli.main import main
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.catalog import catalog
from netspec.diagnostics.running.files import BrokenInstallation


def lines(text: str) -> dict[str, tuple[str, str]]:
    """Name -> (mark, text)."""
    return {name: (mark, rest) for mark, name, rest in (re.split(" +", line, maxsplit=2) for line in text.splitlines())}


def test_this_machine_is_fine(capsys: pytest.CaptureFixture[str], root: Path) -> None:
    assert main(["doctor"]) == 0
    found = lines(capsys.readouterr().out)
    assert list(found) == list(doctor.LOOKS)
    assert {mark for mark, _ in found.values()} == {"ok"}
    assert found["grammar"][1] == str(root / "grammar/netspec.lark")
    assert re.fullmatch(r"\d+ x \w.*", found["devices"][1])


def raising(error: Exception) -> object:
    def look() -> tuple[bool, str]:
        raise error

    return look


@pytest.mark.parametrize(
    ("look", "text"),
    [
        (lambda: (False, "too old"), "too old"),
        (raising(Mistake(BrokenInstallation(path="models"))), "netspec's own file `models` is missing."),
        (raising(ImportError("no module jax\nlong story")), "ImportError: no module jax"),
        (raising(RuntimeError()), "RuntimeError"),
    ],
)
def test_what_is_broken_is_said_and_the_code_is_2(
    look: object, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "LOOKS", {"python": doctor.LOOKS["python"], "jax": look})
    assert main(["doctor"]) == 2
    found = lines(capsys.readouterr().out)
    assert found["python"][0] == "ok" and found["jax"] == ("BROKEN", text)


@pytest.mark.parametrize(("version", "fits"), [("0.9.2", False), ("0.10.0", True), ("0.12.0.1", True), ("0.13.0", False), ("1.0", False)])
def test_jax_must_be_in_range(version: str, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    monkeypatch.setattr(jax, "__version__", version)
    assert doctor.LOOKS["jax"]()[0] is fits


def test_the_range_is_that_of_the_package(root: Path) -> None:
    low, high = (".".join(map(str, v)) for v in (doctor.JAX_FROM, doctor.JAX_BEFORE))
    python = ".".join(map(str, doctor.MIN_PYTHON))
    text = (root / "pyproject.toml").read_text()
    assert f'"jax>={low},<{high}"' in text and f'requires-python = ">={python}"' in text


def test_every_extra_of_the_package_is_looked_for(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert list(doctor.EXTRAS) == list(project)


@pytest.mark.parametrize(("modules", "there"), [(("json", "sys"), True), (("json", "no_such"), False), (("no_such.inner",), False)])
def test_an_extra_is_there_where_all_that_it_brings_is(
    modules: tuple[str, ...], there: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "EXTRAS", {"mine": modules})
    monkeypatch.setattr(doctor, "LOOKS", {"extras": doctor.LOOKS["extras"]})
    assert main(["doctor"]) == 0
    assert lines(capsys.readouterr().out)["extras"] == ("ok", "mine" if there else "none; not installed: mine")


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "write-failed"]) == 0
    assert capsys.readouterr().out.startswith("error[write-failed]\n\nThe operating system refused to write a file")


def test_explain_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "write-faild"]) == 2
    assert capsys.readouterr().err == "netspec: there is no problem called `write-faild`; did you mean `write-failed`?\n"


def test_explain_lists_all_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    out = capsys.readouterr().out
    assert sorted(re.findall(r"^  ([a-z0-9-]+): ", out, re.MULTILINE)) == list(catalog())


def test_explain_lists_a_phase(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "shapes"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("shapes: ") and "\n  unequal-dims: " in out and "unknown-name" not in out


def test_explain_shows_further_cases_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "bad-argument"]) == main(["explain", "bad-argument", "--all"]) == 0
    assert capsys.readouterr().out.count("An argument out of range\n") == 2
