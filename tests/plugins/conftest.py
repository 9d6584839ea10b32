"""Plugins as pip installs them: code and metadata on the path."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netspec.library.shelf import plugins

HERE = Path(__file__).parent
Install = Callable[..., None]
TESTS_OWN = ("acme", "faulty", "broken")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """`install(acme="acme")` installs a package with this plugin; further files of it by name."""
    monkeypatch.setattr(plugins, "_LOADED", {})
    monkeypatch.syspath_prepend(HERE)

    def installed(files: dict[str, str] | None = None, /, package: str = "acme-nets", **points: str) -> None:
        site = tmp_path / "site" / package
        info = site / f"{package.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("\n".join(["[netspec.plugins]", *(f"{n} = {v}" for n, v in points.items())]) + "\n")
        for name, text in (files or {}).items():
            (site / name).write_text(text)
        monkeypatch.syspath_prepend(site)

    yield installed
    for name in [name for name in sys.modules if name.partition(".")[0] == "broken"]:
        del sys.modules[name]


@pytest.fixture
def acme(install: Install) -> None:
    install(acme="acme")
