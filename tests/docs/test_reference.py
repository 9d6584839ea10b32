"""The reference has a page for everything that specs can name, and its examples are specs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netspec.cli.main import main
from netspec.compile import check
from netspec.library.base import Op
from netspec.library.optimizers.chain import Chain
from netspec.library.shelf.index_writer import classes
from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file
from netspec.testing.checks import hold
from netspec.tools import reference_examples
from netspec.tools.reference import COMMAND, PAGES, anchor, heading
from tests.literate import add_header

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
TEXTS = {name: (FOLDER / name).read_text(encoding="utf-8") for name in PAGES}
KINDS = {
    "initializers.md": {"initializer"},
    "data.md": {"dataset", "mapping", "transform"},
    "losses_and_metrics.md": {"loss", "metric"},
    "optimizers.md": {"optimizer", "schedule"},
    "decoders.md": {"decoder"},
}
EXAMPLES = re.findall(r"^```net\n(.*?)^```$", TEXTS["layers.md"], re.DOTALL | re.MULTILINE)


def page_of(cls: type[Op]) -> str:
    return TEXTS[next((name for name, kinds in KINDS.items() if cls.kind in kinds), "layers.md")]


def everything_that_can_be_named_has_an_entry(cls: type[Op]) -> None:
    [entry] = re.findall(rf"^### {re.escape(heading(cls))}$(.*?)(?=^##|\Z)", page_of(cls), re.DOTALL | re.MULTILINE)
    shown = cls.kind != "operator"
    assert [name for name in cls.arguments() if shown and (cls, name) != (Chain, "parts") and f"| `{name}` |" not in entry] == []
    assert [tensor.name for tensor in cls.inputs if f"- `{tensor.name}` (" not in entry] == []
    assert not cls.source or cls.source in entry


def what_tensors_go_through_is_told_in_full(cls: Any) -> None:
    """Arguments with type and meaning, shapes, FLOPs, an example with what is inferred, parameters with initial values, the source."""
    [entry] = re.findall(rf"^### {re.escape(heading(cls))}$(.*?)(?=^##|\Z)", TEXTS["layers.md"], re.DOTALL | re.MULTILINE)
    text, _, example = entry.partition("```net\n")
    assert re.search(r"->|[Ss]hape", text), "nothing is said of shapes"
    assert re.search(r"FLOPs(:|, )", text), "nothing is said of FLOPs"
    assert len(re.findall(r"^\| `x?\w+` \| `.+` \| .* \| .+ \|$", text, re.MULTILINE)) == (
        0 if cls.kind == "operator" else len(cls.arguments())
    )
    rows = re.findall(r"^\| `(.+)` \| (.+) \| (`\w+\[.*\]`) \| ([\d,]+) \| ([\d,]+) \|$", example, re.MULTILINE)
    assert len(rows) == len(cls.examples()) and "output y" in example
    for name, _ in kept(cls):
        assert re.search(rf"`{re.escape(name)}: \w+\[.*?\] = \w+", example), f"nothing is said of the parameter {name}"
    assert cls.kind != "layer" or "Source: " in entry


def kept(cls: Any) -> list[tuple[str, str]]:
    """The parameters and buffers of all examples, with what they begin as."""
    return [pair for example in cls.examples() for _, named in reference_examples.show_example(example).kept() for pair in named]


@pytest.mark.parametrize("kind", sorted({cls.kind for cls in classes()}))
def test_entries(kind: str) -> None:
    named = [cls for cls in classes() if cls.kind == kind]
    hold([everything_that_can_be_named_has_an_entry], *named)
    if kind in ("layer", "function", "operator", "method"):
        hold([what_tensors_go_through_is_told_in_full], *named)


@pytest.mark.parametrize("name", PAGES)
def test_the_contents_of_a_page_are_its_headings(name: str) -> None:
    linked = re.findall(r"\]\(#([^)]+)\)", TEXTS[name])
    heads = [anchor(head) for head in re.findall(r"^##+ (.*)$", TEXTS[name], re.MULTILINE)]
    assert linked == heads and len(set(heads)) == len(heads)


def an_example_is_a_clean_spec_in_the_one_style(text: str) -> None:
    source = Source("example.net", add_header(text))
    assert check(source).problems == ()
    file, _ = parse(source)
    assert file is not None and print_file(file) == source.text


@pytest.mark.parametrize("part", range(4))
def test_examples(part: int) -> None:
    hold([an_example_is_a_clean_spec_in_the_one_style], *EXAMPLES[part::4])


@pytest.mark.slow
def test_the_command_writes_the_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMAND.split()[1:], "-o", str(tmp_path / "new" / "reference")]) == 0
    assert f"wrote {len(PAGES)} pages" in capsys.readouterr().err
    assert {p.name: p.read_text(encoding="utf-8") for p in (tmp_path / "new" / "reference").iterdir()} == TEXTS


@pytest.mark.slow
def test_the_pages_are_written_without_jax(root: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from netspec.cli.main import main
assert main(["docs", "-o", {str(tmp_path)!r}]) == 0
print([name for name in ("jax", "numpy", "rich", "orbax") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
