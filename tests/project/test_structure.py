"""The floors and rooms, circles of imports, the length of files, and modules that can all be imported."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "netspec"
GENERATED = re.compile(r"\A(#|\"\"\").{0,200}(generated|Generated)", re.DOTALL)


def python_files(*folders: str) -> list[Path]:
    return sorted(f for folder in folders for f in (ROOT / folder).rglob("*.py"))


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_modules_import_only_from_lower_floors() -> None:
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_folder_with_modules_is_a_package() -> None:
    """The floors are read from packages: a folder without `__init__.py` would escape them."""
    missing = {f.parent for f in PACKAGE.rglob("*.py") if not (f.parent / "__init__.py").is_file()}
    assert not missing


IMPORT_EACH = """
import importlib, sys, warnings
warnings.simplefilter("error")
forget, names = sys.argv[1] == "alone", sys.argv[2:]
for name in names:
    for known in [m for m in sys.modules if forget and m.split(".")[0] == "netspec"]:
        del sys.modules[known]
    try:
        importlib.import_module(name)
    except Exception as error:
        print(f"{name}: {error!r}")
"""


@pytest.mark.parametrize("how", ["together", pytest.param("alone", marks=pytest.mark.slow)])
def test_every_module_can_be_imported(how: str) -> None:
    """One process that forgets netspec between the modules finds the same import cycles as a process for each, in a tenth of the time."""
    names = [module_name(f) for f in python_files("netspec") if f.name != "__main__.py"]
    done = subprocess.run([sys.executable, "-c", IMPORT_EACH, how, *names], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr


def test_the_median_file_is_one_page_or_two() -> None:
    """A file is as long as the one thing in it; that most of them are short keeps a reader from scrolling."""
    texts = [f.read_text(encoding="utf-8") for f in python_files("netspec") if f.name != "__init__.py"]
    assert 90 <= median(text.count("\n") for text in texts if not GENERATED.match(text)) <= 150


# --- circles of imports ----------------------------------------------------------------------------------------------


def imports_of(file: Path, modules: Container[str]) -> Iterator[str]:
    """What a file imports, inside functions too; what is for the type checker alone is left out."""

    def visit(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (name if (name := f"{node.module}.{alias.name}") in modules else node.module for alias in node.names)
        for inner in ast.iter_child_nodes(node):
            yield from visit(inner)

    yield from visit(ast.parse(file.read_text("utf-8")))


def import_graph() -> dict[str, set[str]]:
    """Which module of netspec imports which, at its top or inside a function."""
    files = {module_name(f): f for f in python_files("netspec")}
    return {m: {name for name in imports_of(file, files) if name in files and name != m} for m, file in files.items()}


def circles(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """The largest sets of modules that all reach each other."""
    reach = {module: reached(graph, module) for module in graph}
    return [set(circle) for circle in {frozenset(m for m in reach[module] if module in reach[m]) for module in graph}]


def reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        if (module := waiting.pop()) not in found:
            found.add(module)
            waiting += graph[module]
    return found


def test_no_circle_of_imports_is_longer_than_two_files() -> None:
    graph = import_graph()
    assert "netspec.lower.survey" in graph["netspec.lower.layout"]  # which imports it inside a function
    assert not [sorted(circle) for circle in circles(graph) if len(circle) > 2]


def test_every_module_says_what_it_is() -> None:
    texts = {f: f.read_text("utf-8") for f in python_files("netspec", "tests")}
    silent = [str(f.relative_to(ROOT)) for f, text in texts.items() if text.strip() and not ast.get_docstring(ast.parse(text))]
    assert not silent


def test_what_packages_name_stands_in_them() -> None:
    """A package's docstring is its map: a bare name in it is a module of the package, or one of the folders beside it."""
    lost = []
    for file in python_files("netspec"):
        if file.name == "__init__.py":
            named = re.findall(r"`([a-z_]+)`", ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "")
            here = {path.stem for folder in (file.parent, PACKAGE, ROOT) for path in folder.iterdir()}
            lost += [f"{file.parent.relative_to(ROOT)}: {name}" for name in named if name not in here]
    assert not lost


KNOW_NO_PLACE = ("arithmetic.py", "frame.py")
"""The files of infer that may raise `Mistake`: static arithmetic, and the limits of a file."""


def test_infer_reports_problems_in_one_way() -> None:
    """What knows the place of a problem calls `report`; only what does not raises `Mistake`."""
    files = [f for f in python_files("netspec/infer") if f.name not in KNOW_NO_PLACE]
    raising = [str(f.relative_to(ROOT)) for f in files if re.search(r"\braise Mistake\b", f.read_text("utf-8"))]
    assert files and not raising
