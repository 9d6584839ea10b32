"""Writes problems as JUnit XML, which build servers count as tests: each file is one, and each of its errors a failure. Floor 0."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.cells import cell, escape
from netspec.diagnostics.drawing.json_report import path_text, write_fitting
from netspec.diagnostics.drawing.text import has_place, render_one, say_count, sort_problems
from netspec.limits import LIMITS


def to_junit(diagnostics: Iterable[Diagnostic], files: Sequence[str]) -> str:
    """A test case per file, also for those without problems; errors fail it, warnings stand in its output. What belongs to no file is a
    case called `netspec`."""
    ordered = sort_problems(diagnostics)
    by_file: dict[str, list[Diagnostic]] = {path: [] for path in files}
    shown = ordered[: len(write_fitting(ordered, LIMITS.problems, render_one))]
    for problem in shown:
        by_file.setdefault(_file(problem), []).append(problem)
    cut = Counter(_file(problem) for problem in ordered[len(shown) :] if problem.severity == "error")
    by_file |= {path: [] for path in cut if path not in by_file}
    failed = sum(path in cut or any(p.severity == "error" for p in found) for path, found in by_file.items())
    counts = f'tests="{len(by_file)}" failures="{failed}" errors="0"'
    cases = [line for path, found in by_file.items() for line in _case(path, found, cut[path])]
    omitted = len(ordered) - len(shown)
    more = [f"<system-out>{say_count(omitted, 'more problem')}, not shown</system-out>"] if omitted else []
    head = ['<?xml version="1.0" encoding="utf-8"?>', f"<testsuites {counts}>", f'<testsuite name="netspec" {counts}>']
    return "\n".join([*head, *cases, *more, "</testsuite>", "</testsuites>"])


def _file(problem: Diagnostic) -> str:
    """The name of the case that a problem belongs to."""
    return problem.at.source.path if has_place(problem) else "netspec"


def _case(path: str, found: Sequence[Diagnostic], cut: int) -> Iterator[str]:
    """A file with what is wrong in it, and so many more errors that are not shown. Tools take one failure for each case, so all errors of
    the file stand in it."""
    name = f'<testcase classname="netspec.check" name="{escape_xml(escape(path_text(path)))}"'
    errors, warnings = ([p for p in found if p.severity == severity] for severity in ("error", "warning"))
    if not found and not cut:
        yield f"{name}/>"
        return
    yield f"{name}>"
    if errors:
        kinds = ", ".join(dict.fromkeys(p.slug() for p in errors))
        yield f'<failure type="{kinds}" message="{escape_xml(errors[0].in_words().message())}">{_drawn(errors)}</failure>'
    elif cut:
        yield f'<failure type="not-shown" message="{say_count(cut, "error")}, not shown"/>'
    if warnings:
        yield f"<system-out>{_drawn(warnings)}</system-out>"
    yield "</testcase>"


def _drawn(found: Sequence[Diagnostic]) -> str:
    return escape_xml("\n\n".join(map(render_one, found)))


def escape_xml(text: str) -> str:
    """Text as XML 1.0 takes it in elements and attributes: of control characters line ends alone, the others as their code."""
    plain = "".join(c if c == "\n" or c.isprintable() else cell(c) for c in text)
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
