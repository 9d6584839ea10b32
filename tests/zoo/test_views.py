"""What `netspec show` says of each model of the zoo, as files to read; `pytest --update` rewrites them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.compile import check
from netspec.cost import table
from netspec.files import models_dir
from netspec.kernels.shelf import load_families
from netspec.lower.program import Program

MODELS = sorted(models_dir().glob("*.net"))
VIEWS = ("table", "tree", "ir", "shapes", "costs", "resolved", "markdown")
GOLDENS = Path(__file__).parent / "views"


@pytest.fixture
def in_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Origins such as `mnist.net:19` do not depend on where the tests run."""
    monkeypatch.chdir(models_dir())


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.stem)
def test_view(model: Path, view: str, in_models: None, update: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", model.name, "--as", view]) == 0
    golden = GOLDENS / f"{model.stem}.{view}.txt"
    found = capsys.readouterr().out
    if update:
        os.makedirs(GOLDENS, exist_ok=True)
        golden.write_text(found)
    assert found == golden.read_text()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.stem)
def test_kernels(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every layer with a kernel stands in the table of layers, and where a model is trained its loss follows."""
    typed = check(model).typed
    assert typed is not None
    sizes = {"B": 2, "E": 156, "T": 8}
    free = {symbol for plan in typed.trains for symbol in Program.of(typed, plan.name).symbols}
    at = [word for symbol in sorted(free) for word in ("--at", f"{symbol}={sizes[symbol]}")]
    assert main(["show", str(model), "--as", "kernels", *at]) == 0
    shown = [line.split()[:3] for line in capsys.readouterr().out.splitlines()[2:]]
    layers = {row.path for plan in typed.trains for row in table(plan.model)[0]}
    measures = [layer for layer, *_ in shown if layer not in layers]
    assert shown and "softmax_cross_entropy" in measures and all("/" not in name for name in measures)
    assert {kernel for _, kernel, _ in shown} <= load_families().keys()
    if free:
        assert main(["show", str(model), "--as", "kernels", *at[2:]]) == 2
        assert f"the size of `{min(free)}`: add `--at {min(free)}=32`" in capsys.readouterr().err


def test_every_golden_has_its_model() -> None:
    assert {p.name for p in GOLDENS.iterdir()} == {f"{m.stem}.{v}.txt" for m in MODELS for v in VIEWS}
