"""text -> JSON -> text is the formatter's fixed point."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from netspec.compile import check
from netspec.files import models_dir
from netspec.ir.fingerprint import ir_hash
from netspec.source import Source
from netspec.syntax.printer import print_file
from tests.random_specs.corpus import small
from tests.random_specs.generate import random_spec
from tests.twin.forms import comes_back, json_of, read, tree_of

SYNTAX = Path(__file__).resolve().parents[1] / "syntax"
FILES = [*sorted(models_dir().glob("*.net")), *sorted(SYNTAX.glob("*/*.net"))]


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_files(path: Path) -> None:
    comes_back(path.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_every_example_of_the_pages() -> None:
    texts = [text for text in small() if tree_of(text) is not None]
    assert len(texts) > 200
    for text in texts:
        comes_back(text)


def test_random_specs() -> None:
    for seed in range(100):
        comes_back(random_spec(Random(seed), largest=12))


STATEMENTS = [
    "y = x",
    "y, _ = x -> f",
    "y: f32[B, 4], z = f(x)  # behind",
    "y = x -> relu() -> f(1, 2, a=3, b=g(4))",
    "y = x -> stem: conv(64, 7) -> [B, ..., 2 * H] -> h",
    "y = x\n    # above the stage\n    -> f  # behind the stage\n    -> g",
    "y = (q, kv) -> attention(heads=8)",
    "y = (query=q, memory=kv) -> f",
    "y = (x + x) -> f",
    "y = x + x -> f",
    "y = ((x -> f) + y) -> g",
    "y = f(x -> g -> h, (x -> g)[0])",
    'y = {a: 1, "b/**": [1, 2], else: none}',
    "y = if a { x -> f } else if b { x } else { -x }",
    "y = x[1:2, ::3, ..., None] ** -2",
    'y = f("a\\"b\\\\c\\nd\\u202e é")',
    "y = e.attend(x) -> e.attend",
    "y = i32[] -> f",
    'require a > 1 and b, "words with \\"{a}\\""',
    "for i, v in zip(a, b) { x = x -> f(v) }",
    "repeat n as i {\n    # only a comment\n  }",
    "when train { output y }",
    "output x + y",
    "output y: f32[B]",
    "weight w: f32[D, 3] = normal(0.02)",
    "state h: f32[B, 4] = zeros",
    "buffer b: f32[] = zeros",
    "shared e = embed(10, 20)",
    "aux loss = f(x)",
    "dim T <= 1024",
    "assume T == S",
    "param a: list[int]? = none where len(a) > 1",
]


@pytest.mark.parametrize("line", STATEMENTS)
def test_statements(line: str) -> None:
    comes_back(f"netspec 1\nmodel M {{\n  # above\n\n  ## doc\n  {line}\n\n\n  z = 1\n  # trailing\n}}\n# the end\n")


SECTIONS = [
    'import A, B as C from "dir/lib.net"',
    "param n: int = 3  # behind",
    "block B {}\nblock C {}\n\nblock D {}",
    "train M(classes=5) as small {\n  let a, b = f(x)\n  metric m = g(a)\n  update critic { optimizer = adam(1e-3) }\n  mesh = {a: 2}\n}",
    'train M { shard { "a/**" = (1, none); "plain" = 2 } }',
    "serve M(3) { decode = greedy(max=10) }",
    "expect M { params == 824_458; flops <= 30M at B=1, T=2 * 3; y: f32[B, ...] }",
]


@pytest.mark.parametrize("text", SECTIONS)
def test_sections(text: str) -> None:
    comes_back(f"# first\nnetspec 1  # behind\n\n## doc\n{text}\n")


def test_a_comment_inside_a_nested_chain_goes_to_its_statement() -> None:
    """As the parser does with comments inside brackets."""
    data = json_of("netspec 1\nmodel M { y = f(x -> g) }").replace(
        '{"kind": "call", "op": "g"}', '{"kind": "call", "comments": {"after": "# why"}, "op": "g"}'
    )
    file, problems = read(data)
    assert file is not None and not problems
    assert print_file(file) == "netspec 1\n\nmodel M {\n  # why\n  y = f(x -> g)\n}\n"


def test_the_shipped_twin_is_what_convert_writes_and_means_the_same() -> None:
    text, twin = (models_dir() / "mnist.net").read_text(), (models_dir() / "mnist.json").read_text()
    assert twin == json_of(text)
    meanings = [check(Source(name, content)).typed for name, content in (("mnist.net", text), ("mnist.json", twin))]
    first, second = (ir_hash(m) for m in meanings if m is not None)
    assert first == second and len(first) == 64


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_both_forms_have_the_same_problems_and_meaning(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    plain, twin = check(Source("m.net", text)), check(Source("m.json", json_of(text)))
    assert sorted(p.slug() for p in plain.problems) == sorted(p.slug() for p in twin.problems)
    assert sorted(p.message() for p in plain.problems) == sorted(p.message() for p in twin.problems)
    if plain.ok and plain.typed is not None and twin.typed is not None:
        assert ir_hash(plain.typed) == ir_hash(twin.typed)
