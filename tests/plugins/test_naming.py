"""What a spec may name of a plugin, and what is said when it may not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from netspec.compile import check
from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.drawing.text import render_text
from netspec.library.shelf import index
from netspec.library.shelf.op_text import from_json, to_json, to_text
from netspec.library.shelf.plugins import enable_plugins, load
from netspec.source import Source
from tests.plugins.conftest import HERE, Install


def model(*lines: str, input: str = "x: f32[B, 4]") -> str:
    return "\n".join(["netspec 1", "", "model M {", *(f"  {line}" for line in (f"input {input}", *lines)), "}", ""])


def problems(text: str, *plugins: str) -> tuple[Diagnostic, ...]:
    return check(Source("m.net", text), plugins=plugins).problems


def slugs(text: str, *plugins: str) -> list[str]:
    return [p.slug() for p in problems(text, *plugins)]


USES = {
    "stage": model("output y = x -> acme.fast_dense(3)"),
    "call": model("output y = acme.fast_dense(x, 3)"),
    "bare stage": model("output y = x -> acme.twice"),
    "alias": model("output y = x -> acme.quick_dense(3)"),
    "initializer": model("output y = x -> dense(3, kernel_init=acme.spread)"),
    "initializer called": model("output y = x -> dense(3, kernel_init=acme.spread())"),
    "weight": model("weight w: f32[4] = acme.spread", "output y = x * w"),
    "value": model("output y = x -> acme.fast_dense(3, init=he_normal)"),
    "param": model("param f: layer = acme.twice", "output y = x -> f"),
    "shared": model("shared e = acme.table(8)", "output y = ids -> e -> e.attend", input="ids: i32[B]"),
    "in a loop": model("y = x", "for i in range(2) { y = y -> acme.fast_dense(4) }", "output y"),
    "as a default": model("shared acme_e = acme.fast_dense(4)", "output y = x -> acme_e -> acme_e"),
}


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("text", USES.values(), ids=USES)
def test_ops_stand_where_those_of_the_shelf_do(text: str) -> None:
    assert not problems(text, "acme"), render_text(problems(text, "acme"))


@pytest.mark.usefixtures("acme")
def test_the_shared_name_wins_over_the_plugin() -> None:
    text = model("shared acme = embed(8, 4)", "output y = ids -> acme -> acme.attend", input="ids: i32[B]")
    assert slugs(text) == slugs(text, "acme") == []
    assert slugs(text.replace("acme.attend", "acme.twice"), "acme") == ["unknown-method"]


@pytest.mark.usefixtures("acme")
def test_shapes_are_proved_by_the_plugins_rule() -> None:
    assert slugs(model("output y = x -> acme.fast_dense(3)", "y: f32[B, 4]"), "acme") != []
    assert slugs(model("output y = x -> acme.fast_dense(features=0)"), "acme") == ["bad-argument"]
    assert slugs(model("output y = x -> acme.fast_dense(3, widht=2)"), "acme") == ["unknown-argument"]


@pytest.mark.usefixtures("acme")
def test_a_plugin_that_nobody_asked_for_is_named_and_not_imported() -> None:
    for text in USES.values():
        assert slugs(text)[:1] == ["unknown-plugin"], text
    (problem,) = problems(USES["stage"])
    assert problem.at.text == "acme.fast_dense" and "`--plugin acme`" in (problem.help() or "")
    assert slugs(USES["stage"], "acme") == [] and slugs(USES["stage"]) == ["unknown-plugin"], "asking is for one check"


def test_nothing_is_imported_before_it_is_asked_for(install: Install, tmp_path: Path) -> None:
    install({"broken.py": "raise SystemError('imported')\n"}, acme="broken")
    assert slugs(USES["stage"]) == ["unknown-plugin"]
    assert "broken" not in sys.modules


@pytest.mark.usefixtures("acme")
def test_a_check_without_plugins_does_not_look_for_them() -> None:
    code = (
        "import sys; from netspec.compile import check; from netspec.source import Source\n"
        f"assert not check(Source('m.net', {model('output y = x -> dense(3)')!r})).problems\n"
        "print([m for m in ('importlib.metadata', 'netspec.library.shelf.plugins') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.usefixtures("acme")
def test_a_slip_in_the_name_is_met_with_the_plugins_names() -> None:
    (problem,) = problems(model("output y = x -> acme.fast_dens(3)"), "acme")
    assert problem.slug() == "unknown-name" and "`acme.fast_dense`" in (problem.help() or "")
    (problem,) = problems(model("output y = x -> acme.nothing_like_it(3)"), "acme")
    assert "`acme.table`" in (problem.help() or "")


@pytest.mark.usefixtures("acme")
def test_names_of_other_libraries_keep_their_answer() -> None:
    for plugins in ((), ("acme",)):
        (problem,) = problems(model("output y = x -> nn.Dense(3)"), *plugins)
        assert problem.slug() == "unknown-name" and "`dense`" in (problem.help() or "")


@pytest.mark.usefixtures("acme")
def test_a_method_needs_its_instance() -> None:
    (problem,) = problems(model("output y = x -> acme.table.attend(8)"), "acme")
    assert problem.slug() == "method-needs-instance" and "`acme.table`" in render_text([problem])


@pytest.mark.usefixtures("acme")
def test_every_kind_has_its_names() -> None:
    with enable_plugins(["acme"]):
        for kind in (
            "layer",
            "function",
            "initializer",
            "loss",
            "metric",
            "optimizer",
            "schedule",
            "dataset",
            "transform",
            "decoder",
            "method",
            "mapping",
        ):
            assert any(name.startswith("acme.") for name in index.names(kind)), kind
    assert not any(name.startswith("acme.") for name in index.names())


@pytest.mark.usefixtures("acme")
def test_text_and_json_lead_back_to_the_op() -> None:
    for cls in load("acme").classes:
        for example in cls.examples():
            assert to_text(example.op).startswith("acme."), example.op
            with enable_plugins(["acme"]):
                assert from_json(json.loads(json.dumps(to_json(example.op)))) == example.op
            with pytest.raises(ValueError, match="acme"):
                from_json(to_json(example.op))


@pytest.mark.usefixtures("acme")
def test_the_json_twin_names_them_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from netspec.cli.main import main

    (tmp_path / "m.net").write_text(USES["stage"])
    assert main(["convert", str(tmp_path / "m.net"), "-o", str(tmp_path / "m.json")]) == 0
    assert main(["check", str(tmp_path / "m.json"), "--plugin", "acme"]) == 0
    assert main(["check", str(tmp_path / "m.json")]) == 1
    assert "unknown-plugin" in capsys.readouterr().out


def test_the_code_of_the_tests_plugin_lies_here() -> None:
    assert (HERE / "acme" / "__init__.py").is_file()
