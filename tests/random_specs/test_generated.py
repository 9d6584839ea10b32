"""Laws of random well-formed specs: clean, printed as they are read, sound, and programs that do what was proved."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings

from netspec.compile import Checked, check
from netspec.cost import rows, table, total
from netspec.ir.verify import verify_all
from netspec.lower.program import Program
from netspec.shape import TensorType
from netspec.shape.types import JAX_DTYPES
from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.printer import print_file
from netspec.syntax.tree_walk import all_comments, strip_parens
from tests.random_specs.generate import random_spec, specs

SIZES = {"B": 3, "H": 8, "T": 8}
"""What the free dims are in runs."""


def checked(text: str) -> Checked:
    return check(Source("random.net", text))


@settings(max_examples=80)
@given(specs())
def test_clean_and_sound(text: str) -> None:
    found = checked(text)
    assert found.ok and found.typed is not None, (text, [f"{p.at.line}: {p.message()}" for p in found.problems])
    assert found.typed.models
    verify_all(found.typed)


@settings(max_examples=80)
@given(specs())
def test_print_and_parse_are_inverse(text: str) -> None:
    file, problems = parse(Source("random.net", text))
    assert file is not None and not problems
    printed = print_file(file)
    again, problems = parse(Source("random.net", printed))
    assert again is not None and not problems
    assert strip_parens(again) == strip_parens(file)
    assert print_file(again) == printed
    assert (
        all_comments(again)
        == all_comments(file)
        == Counter(line[line.index("# remark") :] for line in text.split("\n") if "# remark" in line)
    )


@settings(max_examples=40)
@given(specs())
def test_the_formatter_changes_no_meaning(text: str) -> None:
    before = checked(text).typed
    file, _ = parse(Source("random.net", text))
    assert file is not None and before is not None
    after = checked(print_file(file)).typed
    assert after is not None
    assert {name: body.output_types() for name, body in after.models.items()} == {n: b.output_types() for n, b in before.models.items()}


@settings(max_examples=40)
@given(specs())
def test_costs_are_the_sum_of_the_rows(text: str) -> None:
    found = checked(text).typed
    assert found is not None
    for body in found.models.values():
        listed, last = table(body)
        assert listed == rows(body)
        assert last.params == sum(row.params for row in listed)
        assert last.flops == total(row.flops for row in listed) and last.bytes == total(row.bytes for row in listed)


def test_the_same_seed_gives_the_same_spec() -> None:
    assert [random_spec(Random(n)) for n in range(9)] == [random_spec(Random(n)) for n in range(9)]


def test_specs_hold_what_they_are_meant_to() -> None:
    text = "\n".join(random_spec(Random(n)) for n in range(150))
    for form in (
        "repeat ",
        "for i",
        "if flag",
        "block Part",
        "shared ",
        "require ",
        "train Net",
        "expect Net",
        "# remark",
        " ;",
        "at",
        ",)",
    ):
        assert form in text, form


# --- runs ------------------------------------------------------------------------------------------------------------


def sample(kind: TensorType, rng: np.random.Generator) -> np.ndarray:
    shape = [dim.substitute(SIZES).value for dim in kind.shape]
    values = rng.random(shape) if kind.is_float else rng.integers(0, 2, shape)
    return values.astype(JAX_DTYPES[kind.dtype])


@pytest.mark.slow
@pytest.mark.parametrize("number", range(24))
def test_programs_do_what_was_proved(number: int) -> None:
    """They initialise, run jitted, give the proved types, and repeats give the same scanned and unrolled."""
    typed = checked(random_spec(Random(number), largest=10)).typed
    assert typed is not None
    rng = np.random.default_rng(number)
    inputs = {name: sample(kind, rng) for name, kind in next(iter(typed.models.values())).input_types().items()}
    results = []
    for repeat in ("scan", "unroll"):
        program = Program.of(typed, repeat=repeat)
        results.append(program.apply(program.init(0), **inputs))
    for name, kind in program.model.output_types().items():
        found = results[0][name]
        assert found.shape == tuple(dim.substitute(SIZES).value for dim in kind.shape), name
        assert found.dtype == JAX_DTYPES[kind.dtype], name
        np.testing.assert_allclose(results[0][name], results[1][name], 1e-4, 1e-5)
