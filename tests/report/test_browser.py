"""The report in a browser: what is drawn is what the runs measured, and nothing asks for anything. Skipped where there is no Chromium."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.report.pages import Page, hash_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=20000"]
PROBE = """
const refused = [];
document.addEventListener("securitypolicyviolation", (e) => refused.push(e.violatedDirective + " " + e.blockedURI));
addEventListener("error", (e) => refused.push(String(e.message)));
addEventListener("load", () => setTimeout(() => {
  const found = { refused, resources: performance.getEntriesByType("resource").map((e) => e.name), plots: {} };
  for (const place of document.querySelectorAll(".plot"))
    found.plots[place.dataset.name] = { traces: place.data.map((t) => ({ x: t.x, y: t.y, name: t.name })),
      paths: place.querySelectorAll("path.js-line, path.point").length, axis: place.layout.yaxis.type };
  const told = document.createElement("pre");
  told.id = "probe";
  told.textContent = JSON.stringify(found);
  document.body.append(told);
}, 1000));
"""
CHANGE = """
addEventListener("load", () => {
  for (const [id, value] of [["smooth", "0.5"], ["axis", "epoch"]]) document.getElementById(id).value = value;
  document.getElementById("log").checked = true;
  document.getElementById("log").dispatchEvent(new Event("input"));
});
"""


def look(report: Path, folder: Path, probe: str) -> Any:
    """What a script finds that runs before those of a copy of the page, whose policy names it besides."""
    text = report.read_text("utf-8")
    assert text.count("script-src ") == 1
    probed = text.replace("script-src ", f"script-src {hash_of(probe).replace(chr(39), '&#x27;')} ", 1)
    probed = probed.replace("<body>", f"<body><script>{probe}</script>", 1)
    copy = folder / "probed.html"
    copy.write_text(probed, "utf-8")
    done = run("--dump-dom", copy.as_uri())
    [told] = re.findall(r'<pre id="probe">(.*?)</pre>', done, re.DOTALL)
    return json.loads(told.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def run(*arguments: str) -> str:
    """The standard output of Chromium."""
    assert CHROMIUM
    done = subprocess.run([CHROMIUM, *FLAGS, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_curves_are_drawn_from_the_numbers_of_the_runs_and_nothing_is_loaded(report: Path, tmp_path: Path) -> None:
    found = look(report, tmp_path, PROBE)
    assert found["refused"] == [] and found["resources"] == []
    page = Page(report.read_text("utf-8"))
    series = page.series["series"]
    assert list(found["plots"]) == list(dict.fromkeys(s["name"] for s in series))
    for name, plot in found["plots"].items():
        drawn = [(trace["name"], trace["x"], trace["y"]) for trace in plot["traces"]]
        wanted = [(f"{page.series['runs'][s['run']]} · {s['split']}", s["step"], s["y"]) for s in series if s["name"] == name]
        assert drawn == wanted and plot["paths"] >= len(wanted), name


@pytest.mark.slow
def test_smoothing_logarithm_and_epochs(report: Path, tmp_path: Path) -> None:
    found = look(report, tmp_path, CHANGE + PROBE)
    series = [s for s in Page(report.read_text("utf-8")).series["series"] if s["name"] == "loss"]
    plot = found["plots"]["loss"]
    assert plot["axis"] == "log"
    curves = iter(plot["traces"])
    for own in series:
        drawn = next(curves)
        assert drawn["x"] == own["epoch"] and drawn["y"] == own["y"], "the numbers themselves stay behind the smooth curve"
        if len(own["y"]) > 1:
            weights = [[0.5 ** (k - i) if i <= k else 0 for i in range(len(own["y"]))] for k in range(len(own["y"]))]
            means = [sum(w * y for w, y in zip(row, own["y"], strict=True)) / sum(row) for row in weights]
            assert next(curves)["y"] == pytest.approx(means)
    assert next(curves, None) is None


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_of_the_page(report: Path, tmp_path: Path, scheme: str) -> None:
    """The background is that of the scheme; the picture lies in pytest's temporary folder, for people."""
    image = pytest.importorskip("PIL.Image")
    picture = tmp_path / f"{scheme}.png"
    dark = ["--force-dark-mode"] if scheme == "dark" else []
    run(*dark, f"--screenshot={picture}", "--window-size=1200,1600", report.as_uri())
    with image.open(picture) as shown:
        assert shown.size == (1200, 1600)
        corner = sum(shown.convert("RGB").getpixel((2, 2)))
        assert (corner < 150) == (scheme == "dark") and len(shown.convert("L").getcolors() or []) > 20
