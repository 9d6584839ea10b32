"""The shelf's index: fresh, cheap to import, unambiguous, and right about signatures."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Literal

import pytest

from netspec.library.base import Duration, Initializer, Op, Schedule, Size
from netspec.library.base.field_bounds import Field
from netspec.library.layers.conv import Conv
from netspec.library.shape_rules.windows import Padding, Sizes
from netspec.library.shelf import index
from netspec.library.shelf.index_writer import TARGET, classes, main, order_fields, read_docstrings, text, type_text
from netspec.testing.checks import hold


def test_is_fresh() -> None:
    assert main(["--check"]) == 0, "run: python -m netspec.library.shelf.index"


def test_check_sees_a_stale_index(tmp_path, monkeypatch) -> None:  # noqa: ANN001
    copy = tmp_path / "_index.py"
    copy.write_text(text() + "\n", "utf-8")
    monkeypatch.setattr("netspec.library.shelf.index_writer.TARGET", copy)
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert copy.read_text("utf-8") == TARGET.read_text("utf-8")


def test_import_wakes_nothing() -> None:
    """In a process of its own: neither pydantic nor any family nor NumPy."""
    asleep = ("pydantic", "numpy", "jax", "netspec.library.base")
    code = f"import sys, netspec.library.shelf.index; print([m for m in {asleep} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_families_of_the_check_path_wake_neither_jax_nor_numpy() -> None:
    code = (
        "import sys; from netspec.library.shelf import index\n"
        "for e in index.all_entries():\n"
        "    if e.kind in ('layer', 'function', 'operator', 'initializer'): index.load(e)\n"
        "print([m for m in ('jax', 'numpy', 'rich', 'orbax') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def leads_to_its_class(cls: type[Op]) -> None:
    entry = next(e for e in index.all_entries() if (e.kind, e.name) == (cls.kind, cls.op_name()))
    assert index.load(entry) is cls
    assert [a.name for a in entry.signature] == [name for name, _ in order_fields(cls)]
    assert [(i.name, i.optional) for i in entry.inputs] == [(i.name, i.optional) for i in cls.inputs]
    assert not {a.name for a in entry.signature} & {i.name for i in entry.inputs}, "inputs and parameters share one namespace"


def test_every_entry() -> None:
    hold([leads_to_its_class], *classes())


@pytest.mark.parametrize("group", index.MEETING, ids="-".join)
def test_kinds_that_meet_share_no_name(group: tuple[str, ...]) -> None:
    named = [entry.name for entry in index.all_entries() if entry.kind in group]
    assert sorted(named) == sorted(set(named))


def test_every_kind_is_in_a_group() -> None:
    assert {entry.kind for entry in index.all_entries()} - {"operator"} <= {kind for group in index.MEETING for kind in group}


def test_aliases() -> None:
    entry = index.lookup("xavier_uniform", "initializer")
    assert entry is not None and entry.alias_of == "glorot_uniform"
    assert index.load("xavier_uniform") is index.load("glorot_uniform")
    for entry in index.all_entries():
        assert entry.alias_of is None or index.lookup(entry.alias_of, entry.kind) is not None


def test_lookup() -> None:
    assert index.lookup("conv") is index.lookup("conv", "optimizer", "layer")
    assert index.lookup("conv", "optimizer") is None
    assert index.lookup("convv") is None
    assert index.lookup("add") is None and index.entries("add") == [], "operators have no name in specs"
    assert {"dense", "conv"} <= set(index.names("layer")) <= set(index.names())
    with pytest.raises(KeyError):
        index.load("convv")


BINARY = ["+", "-", "*", "/", "//", "%", "**", "@", "==", "!=", "<", "<=", ">", ">=", "and", "or"]


@pytest.mark.parametrize(("symbol", "arity"), [*((symbol, 2) for symbol in BINARY), ("-", 1), ("not", 1), ("[]", 1)])
def test_operators(symbol: str, arity: int) -> None:
    entry = index.operator(symbol, arity)
    assert (entry.symbol, len(entry.inputs), entry.kind) == (symbol, arity, "operator")


def test_signature_of_conv() -> None:
    entry = index.lookup("conv")
    assert entry is not None
    assert entry.signature[:4] == (
        ("features", True, "int"),
        ("kernel", True, "int | list[int]"),
        ("stride", False, "int | list[int]"),
        ("padding", False, '"SAME" | "VALID" | int | list[int | list[int]] | "CIRCULAR" | "REFLECT" | "CAUSAL"'),
    )


def test_arguments_are_described_from_the_source() -> None:
    assert read_docstrings(Conv)["features"] == "Number of output channels."


@pytest.mark.parametrize(
    ("annotation", "wanted"),
    [
        (Size, "int"),
        (Sizes | None, "(int | list[int])?"),
        (Padding, '"SAME" | "VALID" | int | list[int | list[int]]'),
        (Annotated[float, Field(ge=0)], "float"),
        (float | Schedule, "float | schedule"),
        (Initializer, "initializer"),
        (str | None, "str?"),
        (Literal["a", "b"], '"a" | "b"'),
        (dict[str, Schedule], "{str: schedule}"),
        (Duration, "duration"),
        (tuple[Size | Literal[-1], ...], "list[int]"),
    ],
)
def test_type_text(annotation: object, wanted: str) -> None:
    assert type_text(annotation) == wanted
