"""What `netspec show` says of each model of the zoo, as files to read; `pytest --update` rewrites them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.files import models_dir

MODELS = sorted(models_dir().glob("*.net"))
VIEWS = ("table", "tree", "ir", "shapes", "costs", "resolved")
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


def test_every_golden_has_its_model() -> None:
    assert {p.name for p in GOLDENS.iterdir()} == {f"{m.stem}.{v}.txt" for m in MODELS for v in VIEWS}
