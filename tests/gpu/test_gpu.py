"""The command for GPUs says where there is none, and its checks hold what is there to the CPU's numbers."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from tests.gpu.__main__ import distance, main


def test_without_a_gpu_it_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    assert main([]) == 1
    assert "no GPU" in capsys.readouterr().out


def test_a_distance_is_a_share_of_the_largest_number() -> None:
    assert distance(np.array([1.0, 4.0]), np.array([1.5, -5.0])) == pytest.approx(9 / 5)
    assert distance(np.array([7.0, 2.0]), np.array([-np.inf, 2.0])) == 0


@pytest.mark.slow
def test_every_check_but_the_times_passes_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--here"]) == 0, capsys.readouterr().out
