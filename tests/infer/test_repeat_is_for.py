"""A law: `repeat` has the paths, parameters and sizes of the written-out layers, for every layer of the shelf, without any label."""

from __future__ import annotations

import pytest

from netspec.compile import check
from netspec.ir.paths import parameters
from netspec.library.base import Example
from netspec.library.layers.cells import Cell
from netspec.library.shelf import index
from netspec.library.shelf.op_text import to_text
from netspec.source import Source

NAMES = [e.name for e in index.all_entries() if e.kind == "layer" and not e.alias_of and not issubclass(index.load(e), Cell)]
LAYERS = [(name, k) for name in NAMES for k, _ in enumerate(index.load(name, "layer").examples())]


def spec(example: Example, loop: str) -> str:
    """A model that uses the example's layer in each pass of a loop, below another layer of its kind."""
    kinds = [*example.inputs, *example.named.values()] or ["f32[2]"]
    declared = "\n".join(f"  input i{k}: {kind}" for k, kind in enumerate(kinds))
    plain = ", ".join(f"i{k}" for k in range(len(example.inputs)))
    named = "".join(f", {name}=i{len(example.inputs) + k}" for k, name in enumerate(example.named))
    call = to_text(example.op)
    call = f"{call[:-1]}{named})" if call.endswith(")") else f"{call}({named[2:]})" if named else call
    results = example.op.results + getattr(example.op, "return_state", False)
    use = f"{', '.join(['r', *['_'] * (results - 1)])} = {f'({plain}) -> ' if plain else ''}{call}"
    both = f"{use}\n total = total + sum(cast(r, f32))"
    return f"netspec 1\nmodel M {{\n{declared}\n total = 0.0 * sum(cast(i0, f32))\n {both}\n {loop} {{\n {both}\n }}\n output total\n}}\n"


def found(text: str) -> dict[str, str]:
    checked = check(Source("m.net", text))
    assert checked.ok, "\n".join(map(str, checked.problems))  # that the sums take in what masks leave out is warned of
    assert checked.typed is not None
    return {path: str(kind) for path, kind in parameters(checked.typed.models["M"]).items()}


@pytest.mark.parametrize(("name", "number"), LAYERS, ids=lambda v: str(v))
def test_the_paths_are_those_of_for(name: str, number: int) -> None:
    example = index.load(name, "layer").examples()[number]
    assert found(spec(example, "repeat 3")) == found(spec(example, "for _i in range(3)"))
