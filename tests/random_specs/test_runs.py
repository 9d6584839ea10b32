"""What `check` accepts of random and of mutated specs runs; what it does not, it refuses with an error for whatever is not proved."""

from __future__ import annotations

from random import Random

import pytest

from netspec.compile import check
from netspec.source import Source
from netspec.syntax import tree
from netspec.syntax.spec_file import parse_spec
from netspec.syntax.tree_walk import descendants
from tests.random_specs.regions import region_spec
from tests.random_specs.runs import run_mutants, run_regions


@pytest.mark.slow
def test_forty_specs_with_every_statement_in_every_region_run() -> None:
    report = run_regions(40, seed=1)
    assert not report.wrong, report.wrong[:5]
    assert report.accepted > 30, str(report)


@pytest.mark.slow
def test_mutated_specs_that_are_accepted_run() -> None:
    report = run_mutants(20, seed=1)
    assert not report.wrong, report.wrong[:5]
    assert report.accepted == 20, str(report)


@pytest.mark.slow  # five hundred and three hundred specs take a minute
def test_five_hundred_random_specs_and_three_hundred_mutated_ones_run() -> None:
    for report, most in ((run_regions(500, seed=0), 40), (run_mutants(300, seed=0), 9_000)):
        assert not report.wrong, report.wrong[:5]
        assert report.refused < most and not report.long, str(report)


def test_the_same_seed_gives_the_same_spec() -> None:
    assert [region_spec(Random(n)) for n in range(9)] == [region_spec(Random(n)) for n in range(9)]


def test_every_statement_stands_in_every_region() -> None:
    """In three hundred specs, at least once, where it may stand there."""
    found: set[tuple[str, str]] = set()
    for number in range(300):
        file, _ = parse_spec(Source("m.net", region_spec(Random(f"regions 0/{number}"))))
        assert file is not None
        for node in descendants(file):
            if isinstance(node, tree.For | tree.Repeat | tree.When | tree.Model | tree.Block):
                found |= {(type(node).__name__, type(s).__name__) for s in node.body.statements}
    anywhere = {"Binding", "Weight", "Buffer", "Shared", "Aux", "For", "Repeat", "When", "Require", "Assume"}
    own = {"Param", "Input", "Output"}
    wanted = {(r, s) for r in ("For", "Repeat", "When", "Model", "Block") for s in anywhere} - {("Block", "Assume")}
    wanted |= {(r, s) for r in ("Model", "Block") for s in own} | {("When", "Output"), ("Block", "State")}
    assert wanted <= found, wanted - found


def test_what_is_clean_is_elaborated_whole() -> None:
    """Every block and model of a clean file, and every statement in it, was looked at."""
    from netspec.infer import elaborator
    from netspec.infer.bodies.unused import list_unrun
    from netspec.infer.frame import World

    worlds: list[World] = []
    opened = elaborator.open_world

    def open_world(graph):
        worlds.append(opened(graph))
        return worlds[-1]

    elaborator.open_world = open_world
    try:
        for number in range(60):
            found = check(Source("m.net", region_spec(Random(f"regions 2/{number}"))))
            if not found.ok:
                continue
            world = worlds[-1]
            assert found.typed is not None and not found.typed.unproved
            assert {id(d) for d in world.graph.definitions.values()} <= world.elaborated
            assert not [s for d in world.graph.definitions.values() for s in list_unrun(world, d.node.body)]
    finally:
        elaborator.open_world = opened


def test_what_could_not_be_proved_without_an_error_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from netspec.infer import elaborator

    text = "netspec 1\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> dense(4)\n}\nexpect M { params == 36 }\n"
    assert check(Source("m.net", text)).ok
    monkeypatch.setattr(elaborator, "check_claims", lambda world, node: False)
    with pytest.raises(sys.modules["netspec.compile"].Unproved, match="line 6: `M` could not be proved"):
        check(Source("m.net", text))
