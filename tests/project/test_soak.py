"""The runner of long random runs, and that every registered soak runs."""

from __future__ import annotations

import pytest

from tests import soak


@pytest.mark.parametrize("name", soak.SOAKS)
def test_every_soak_runs_and_counts(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.main([name, "--count", "20", "--seed", "7"]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: 20 cases, seed 7, ")


def test_every_soak_says_what_it_tries(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(soak.SOAKS) and all(len(line.split(": ", 1)[1]) > 10 for line in lines)


def test_a_failing_case_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(count: int, seed: int) -> int:
        raise AssertionError(f"case {seed}")

    monkeypatch.setattr(soak, "find", lambda name: fails)
    with pytest.raises(AssertionError, match="case 3"):
        soak.main(["dims", "--seed", "3"])


def test_an_unknown_soak_is_an_error_of_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        soak.main(["dimms"])
    assert "no soak dimms" in capsys.readouterr().err
