"""Laws over random trees and mutated texts: print ∘ parse = identity, printing is idempotent, nothing crashes, nothing is slow."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings

from netspec.source import Source
from netspec.syntax import tree
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_expr, print_file
from netspec.syntax.source_reader import read_source
from netspec.syntax.tree_walk import all_comments, descendants, strip_parens
from tests.syntax import strategies
from tests.syntax.texts import SAMPLES, clean, value

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@settings(max_examples=300)
@given(strategies.EXPRESSIONS)
def test_expressions(node: tree.Expr) -> None:
    assert strip_parens(value(print_expr(node))) == strip_parens(node)


@settings(max_examples=150)
@given(strategies.FILES)
def test_files(file: tree.File) -> None:
    text = print_file(file)
    again = clean(text)
    assert strip_parens(again) == strip_parens(file)
    assert print_file(again) == text
    assert all_comments(again) == all_comments(file)


BITS = "( ) [ ] { } \" ' ; , = : -> - + # . ... ! $ \\ é && == < None // /* 1__0 .5".split()
BITS += ["\n", " ", "\t", "if ", "else ", "and ", "not ", "for ", "input ", "model M {", "netspec 1", "repeat 2 {", "5 epochs", "##"]


def mutated(text: str, chance: random.Random) -> str:
    """A text after a few small accidents."""
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        text = chance.choices(ACCIDENTS, weights=[4, 3, 2, 2, 0.3])[0](text, chance.randrange(len(text) + 1), chance)
    return text


ACCIDENTS = [
    lambda text, i, chance: text[:i] + chance.choice(BITS) + text[i:],
    lambda text, i, chance: text[:i] + text[i + chance.randrange(1, 5) :],
    lambda text, i, chance: text[:i] + text[(j := chance.randrange(len(text) + 1)) : j + chance.randrange(30)] + text[i:],
    lambda text, i, chance: text[:i] + chance.choice(BITS) + text[i + 1 :],
    lambda text, i, chance: text[:i],
]


def test_mutated_texts() -> None:
    """300 of them: no exception, each problem has a place in the text and says something, none takes two seconds."""
    chance = random.Random(1)
    texts = [path.read_text(encoding="utf-8") for path in SAMPLES]
    for _ in range(300):
        source, _ = read_source("m.net", mutated(chance.choice(texts), chance).encode())
        start = time.process_time()
        file, problems = parse(source)
        assert time.process_time() - start < 2
        assert file is not None or problems
        for problem in problems:
            assert 0 <= problem.at.start <= problem.at.end <= len(source.text) and problem.message()
            assert (problem.label(), problem.places(), problem.help(), problem.edits()) is not None


def test_holes_appear_only_with_problems_and_the_other_way_round() -> None:
    """A tree with a hole was never silent; the printer writes the hole's own text."""
    chance = random.Random(2)
    texts = [path.read_text(encoding="utf-8") for path in SAMPLES]
    for _ in range(100):
        file, problems = parse(Source("m.net", mutated(chance.choice(texts), chance)))
        holes = [n for n in descendants(file) if isinstance(n, tree.Hole)] if file else []
        assert problems or not holes
        if file is not None:
            assert all(hole.span.text in print_file(file) or "\n" in hole.span.text for hole in holes)
