"""The runner of long random runs, and that every registered soak runs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests import soak
from tests.quick import thin


@pytest.mark.parametrize("name", thin([n for n in soak.SOAKS if n not in soak.SLOW], 4))
def test_every_soak_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.main([name, "--count", "20", "--seed", "7"]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: 20 cases, seed 7, ")


@pytest.mark.slow
def test_processes_share_the_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "PORTION", 7)
    alone, together = soak.find("grammar")(20, 3), soak.shared("grammar", 20, 3, jobs=2)
    assert [str(r).split(";")[0] for r in (alone, together)] == [str(alone).split(";")[0]] * 2
    assert "refused" in str(alone) and soak.main(["twin", "--count", "20", "--jobs", "2"]) == 0


def test_every_soak_says_what_it_tries(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(soak.SOAKS) and all(len(line.split(": ", 1)[1]) > 10 for line in lines)


def test_wrong_cases_are_shown_and_fail_the_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(soak, "find", lambda name: lambda count, seed: SimpleNamespace(wrong=[f"case {seed}"]))
    assert soak.main(["dims", "--seed", "3"]) == 1
    assert capsys.readouterr().out.endswith("\n  case 3\n")


def test_an_unknown_soak_is_an_error_of_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        soak.main(["dimms"])
    assert "no soak dimms" in capsys.readouterr().err
