"""Puts a report together: one HTML file without a request to anywhere, which its content security policy holds it to.

Scripts run by their SHA-256 alone, plotly's and the page's own, so no text of a run could become one; nothing is loaded.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.util import find_spec

from netspec import __version__
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.limits import LIMITS
from netspec.report import differences, layer_costs, number_tables
from netspec.report.markup import Html, data_block, fold, join, note, table, tag, void
from netspec.report.run_view import RunView
from netspec.report.spec_lines import annotate, draw_source
from netspec.source import Source
from netspec.train.progress import numbers


@dataclass
class Evaluated:
    """What running a model has shown of a run; empty where that was not asked for."""

    data: Html = field(default_factory=lambda: Html(""))
    outcomes: Html = field(default_factory=lambda: Html(""))


def load_plotly() -> str:
    """The script of the installed plotly. Raises `Mistake` where there is none."""
    if find_spec("plotly") is None:
        raise Mistake(PackageNeeded(op="netspec report", package="plotly", extra="report"))
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()


def write_page(views: Sequence[RunView], evaluated: Mapping[str, Evaluated], plotly: str) -> str:
    """The whole page; `evaluated` by the labels of the runs."""
    series = number_tables.series_of(views)
    names = number_tables.names_of(series)
    sections = {
        "Runs": _runs(views),
        "Curves": _curves(views, series, names),
        "Numbers": join(
            number_tables.tabulate(views, series), *(number_tables.tabulate_lines(v, LIMITS.reported_lines) for v in views if v.records)
        ),
        **({"Differences": differences.compare(views)} if len(views) > 1 else {}),
        "Mistakes": _each(views, {label: e.outcomes for label, e in evaluated.items()}),
        "Data": _each(views, {label: e.data for label, e in evaluated.items()}),
        "Spec": _specs(views),
        "Layers": _each(views, {view.label: layer_costs.tabulate(view.model) for view in views if view.model}),
        "Settings": _each(views, {view.label: _settings(view) for view in views}),
        "Machines": _each(views, {view.label: _processes(view) for view in views}),
    }
    shown = {name: content for name, content in sections.items() if content}
    title = f"netspec report: {', '.join(view.label for view in views)}"
    links = tag("nav", *(tag("a", name, href=f"#{name.lower()}") for name in shown))
    parts = [join(tag("h2", name, id=name.lower()), content) for name, content in shown.items()]
    body = join(tag("h1", ", ".join(view.label for view in views)), note(f"netspec {__version__}"), links, *parts)
    return document(title, body, {"runs": [view.label for view in views], "series": series}, plotly)


def document(title: str, body: Html, curves: Mapping[str, object], plotly: str) -> str:
    """The file: head with the policy, the body, the curves' numbers and the scripts at its end."""
    here = files("netspec.report")
    scripts = [plotly.replace("</script", "<\\/script"), (here / "page.js").read_text("utf-8")]
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    policy = f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    head = join(
        void("meta", charset="utf-8"),
        void("meta", http_equiv="Content-Security-Policy", content=policy),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Html((here / "page.css").read_text("utf-8"))),
    )
    ends = join(data_block("series", curves), *(tag("script", Html(script)) for script in scripts))
    return f"<!DOCTYPE html>\n{tag('html', tag('head', head), tag('body', body, ends), lang='en')}\n"


# --- sections --------------------------------------------------------------------------------------------------------


def _each(views: Sequence[RunView], contents: Mapping[str, Html]) -> Html:
    """A part for each run that has one, under its name where there are several runs; what is the same of all stands once."""
    shown = [(view.label, contents[view.label]) for view in views if contents.get(view.label)]
    if len(shown) == len(views) > 1 and len({content for _, content in shown}) == 1:
        return join(note("The same of all runs."), shown[0][1])
    if len(views) == 1:
        return join(*(content for _, content in shown))
    return tag("div", *(tag("div", tag("h3", label), content) for label, content in shown), class_="beside") if shown else Html("")


def _runs(views: Sequence[RunView]) -> Html:
    """Where the runs are, how far they came, and what their best checkpoints reach."""
    rows = []
    for view in views:
        last = view.records[-1] if view.records else None
        total = sum(row.params for row in _rows(view))
        cells = (
            f"{last.step:,}" if last else describe_mean(view) or "0",
            f"{last.epoch:g}" if last else "",
            f"{last.seconds:,.0f}" if last else "",
            f"{total:,}" if total else "",
        )
        best, *reached = _best(view)
        rows.append((view.label, tag("code", view.folder.path), view.training, *reached, best, *cells))
    headings = ("run", "folder", "training", "validation, best", "test", "best step", "step", "epoch", "seconds", "parameters")
    return join(table(headings, rows, words=5), *(_problem(view) for view in views if not view.plan))


def describe_mean(view: RunView) -> str:
    """Of which steps a folder's only checkpoint is the mean; "" for a run that was trained."""
    steps = view.folder.settings.get("mean_of", ())
    return f"mean of {', '.join(f'{step:,}' for step in steps)}" if steps else ""


def _best(view: RunView) -> tuple[str, str, str]:
    """The best step, and what the evaluation behind it and the test of it measured."""
    best = view.best_step
    measured = next((r for r in view.records if r.step == best and r.split != "train" and r.checkpoint is None), None)
    test = next((r for r in view.records if r.checkpoint is not None), None)
    shown, tested = (numbers(record.values) if record else "" for record in (measured, test))
    return "" if best is None else f"{best:,}", shown, tested


def _rows(view: RunView) -> Sequence[layer_costs.Row]:
    return layer_costs.table(view.model)[0] if view.model else ()


def _problem(view: RunView) -> Html:
    """A spec that this netspec no longer proves is told with what is wrong with it."""
    found = [problem.message() for problem in view.checked.problems if problem.severity == "error"][:3]
    return tag("p", f"The spec of {view.label} is not proved by netspec {__version__}: {' '.join(found)}", class_="problem")


def _curves(views: Sequence[RunView], series: Sequence[Mapping[str, object]], names: Sequence[str]) -> Html:
    """A place for each chart, which the page's script fills, and what changes all of them."""
    if not series:
        return note("No line has been written yet.")
    axes = [tag("option", name, value=name) for name in ("step", "epoch", "seconds")]
    smooth = void("input", id="smooth", type="range", min="0", max="0.98", step="0.02", value="0")
    controls = tag(
        "div",
        tag("label", void("input", id="log", type="checkbox"), " logarithmic"),
        tag("label", "smoothing ", smooth, " ", tag("output", "0", id="smoothed")),
        tag("label", "over ", tag("select", *axes, id="axis")),
        class_="controls",
    )
    places = tag("div", *(tag("div", class_="plot", data_name=name) for name in names), class_="plots")
    missing = tag("p", "The curves are drawn by JavaScript; their numbers stand below.", class_="note unscripted")
    return join(controls, missing, places)


def _specs(views: Sequence[RunView]) -> Html:
    """The specs, each with what its lines make; one that several runs have stands once, with a column for each of them."""
    groups: dict[object, list[RunView]] = {}
    for view in views:
        recipe = view.folder.recipe
        groups.setdefault((view.checked.source.path, recipe.text, *recipe.imports.items()), []).append(view)
    heads = [tag("h3", ", ".join(view.label for view in group)) if len(groups) > 1 else None for group in groups.values()]
    return join(*(join(head, _spec(group)) for head, group in zip(heads, groups.values(), strict=True)))


def _spec(views: Sequence[RunView]) -> Html:
    """A spec as it was trained and what it imports, with what each line makes in each run."""
    notes = [annotate(view.model) if view.model else {} for view in views]
    labels = [view.label for view in views] if len(views) > 1 else []
    own = views[0].checked.source
    others = {path for some in notes for path, _ in some if path != own.path}
    imports = []
    for name, content in views[0].folder.recipe.imports.items():
        path = next((p for p in sorted(others) if p.endswith(name.removeprefix("./"))), name)
        imports.append(fold(name, draw_source(Source(path, content), notes, labels)))
    return join(draw_source(Source(own.path, own.text), notes, labels), *imports)


def _settings(view: RunView) -> Html:
    """Every setting with where it came from."""
    rows = [(tag("code", n), tag("code", s["value"]), s["origin"]) for n, s in view.folder.settings["settings"].items()]
    given = [(tag("code", name), tag("code", value), "command line") for name, value in view.unresolved.items()]
    return fold(f"{len(rows)} settings", table(("setting", "value", "from"), [*given, *rows], words=3))


def _processes(view: RunView) -> Html:
    """What trained the run, one column for each process."""
    if not view.processes:
        return Html("")
    names = dict.fromkeys(name for process in view.processes for name in process)
    rows = [(name, *(_value(process.get(name)) for process in view.processes)) for name in names]
    heads = [f"process {number}" for number in range(1, len(view.processes) + 1)]
    return table(("", *heads), rows, words=len(heads) + 1)


def _value(value: object) -> str:
    """A value of a process' record as text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)
