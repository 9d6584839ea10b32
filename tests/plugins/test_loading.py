"""Finding and loading plugins: what they may be, and what is said of those that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.cli.main import main
from netspec.compile import check, compile
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.plugins import PluginBroken, PluginMissing
from netspec.diagnostics.spec_error import SpecError
from netspec.library.shelf.plugins import find_installed, load
from netspec.source import Source
from tests.plugins.conftest import Install

SPEC = "netspec 1\n\nmodel M {\n  input x: f32[B, 4]\n  output y = x -> NAME\n}\n"
LAYER = """from netspec.library.base import In, Layer

class One(Layer):
    inputs = (In('x', 'any'),)

    def apply(self, scope, x):
        return x
"""


def said(name: str) -> str:
    with pytest.raises(Mistake) as caught:
        load(name)
    problem = caught.value.diagnostic
    assert isinstance(problem, PluginBroken | PluginMissing) and problem.exit_code == 2
    return f"{problem.message()} {problem.help() or ''}"


def test_a_module_gives_its_public_ops(install: Install) -> None:
    install({"broken.py": f"{LAYER}\n\nclass _Hidden(One):\n    pass\n"}, acme="broken")
    assert [cls.op_name() for cls in load("acme").classes] == ["acme.one"]


def test_a_function_gives_its_classes(install: Install) -> None:
    inside = LAYER.replace("\n", "\n    ")
    install({"broken.py": f"def ops():\n    {inside}\n    return [One, One]\n"}, acme="broken:ops")
    assert [cls.op_name() for cls in load("acme").classes] == ["acme.one"]
    assert not check(Source("m.net", SPEC.replace("NAME", "acme.one")), plugins=["acme"]).problems


def test_two_plugins_of_one_package(install: Install) -> None:
    install({"broken.py": LAYER}, acme="acme", broken="broken")
    text = SPEC.replace("NAME", "acme.twice -> broken.one")
    assert [p.slug() for p in check(Source("m.net", text), plugins=["acme"]).problems] == ["unknown-plugin"]
    assert not check(Source("m.net", text), plugins=["acme", "broken", "acme"]).problems
    assert sorted(set(find_installed()) & {"acme", "broken"}) == ["acme", "broken"]


def test_a_plugin_that_is_not_there(install: Install) -> None:
    install(acme="acme")
    assert "did you mean `acme`" in said("amce")
    assert "installed: `acme`" in said("something_else")


REASONS = {
    "import": ("raise RuntimeError('no luck')", "broken", "RuntimeError: no luck"),
    "syntax": ("def", "broken", "SyntaxError"),
    "missing": ("import there_is_no_such_module", "broken", "there_is_no_such_module"),
    "attribute": ("", "broken:ops", "no attribute 'ops'"),
    "function": ("def ops(): return 1 / 0", "broken:ops", "ZeroDivisionError"),
    "none": ("def ops(): pass", "broken:ops", "TypeError"),
    "value": ("ops = 3", "broken:ops", "neither a module nor a function"),
    "class": ("def ops(): return [int]", "broken:ops", "`netspec.library.base.Op`"),
    "ours": ("def ops():\n    from netspec.library.layers.dense import Dense\n    return [Dense]", "broken:ops", "make a subclass"),
    "kind": (LAYER.replace("inputs", "kind = 'layers'\n    inputs"), "broken", "the kind 'layers'; there are dataset"),
    "operator": ("from netspec.library.base import Operator\n\nclass Plus(Operator):\n    symbol = '+'", "broken", "the kind 'operator'"),
    "twice": (f"{LAYER}\n\nclass Two(One):\n    aliases = ('one',)", "broken", "it has two things called `acme.one`"),
    "annotation": (f"from __future__ import annotations\n{LAYER}\n    size: Nothing = 1\n", "broken", "Nothing"),
}


@pytest.mark.parametrize(("text", "point", "reason"), REASONS.values(), ids=REASONS)
def test_why_a_plugin_cannot_be_loaded(install: Install, text: str, point: str, reason: str) -> None:
    install({"broken.py": f"{text}\n"}, acme=point)
    words = said("acme")
    assert reason in words and "`acme-nets`" in words, words


def test_a_name_that_no_spec_can_write(install: Install) -> None:
    install({"broken.py": LAYER}, **{"Acme-Nets": "broken"})
    assert "lower-case" in said("Acme-Nets")


def test_two_packages_with_one_name(install: Install) -> None:
    install(acme="acme")
    install(package="other-nets", acme="faulty")
    words = said("acme")
    assert "several packages" in words and "acme-nets" in words and "other-nets" in words


def test_a_class_belongs_to_one_plugin(install: Install) -> None:
    install(acme="acme", acme2="acme")
    load("acme")
    assert "belongs to the plugin `acme` already" in said("acme2")


def test_problems_of_loading_are_those_of_the_check(install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install({"broken.py": "import there_is_no_such_module\n"}, acme="broken")
    file = tmp_path / "m.net"
    file.write_text(SPEC.replace("NAME", "relu"))
    assert [p.slug() for p in check(file, plugins=["acme"]).problems] == ["plugin-broken"]
    assert [p.slug() for p in check(file, plugins=["nobody"]).problems] == ["plugin-missing"]
    with pytest.raises(SpecError, match="nobody"):
        compile(file, plugins=["nobody"])
    for command in ("check", "show", "data"):
        assert main([command, str(file), "--plugin", "acme"]) == 2
        out, err = capsys.readouterr()
        assert "plugin-broken" in out + err and "there_is_no_such_module" in out + err
    assert main(["docs", "-o", str(tmp_path / "docs"), "--plugin", "nobody"]) == 2
    assert main(["schema", "acme.one", "--plugin", "nobody"]) == 2


def test_strangers_specs_load_none(install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install({"broken.py": LAYER}, acme="broken")
    file = tmp_path / "m.net"
    file.write_text(SPEC.replace("NAME", "acme.one"))
    assert main(["check", "--untrusted", str(file), "--plugin", "acme"]) == 2
    assert "plugin-refused" in capsys.readouterr().out
    assert main(["check", str(file), "--plugin", "acme"]) == 0
    with pytest.raises(ValueError, match="untrusted"):
        check(file, untrusted=True, plugins=["acme"])
    assert [p.slug() for p in check(file, untrusted=True).problems] == ["unknown-plugin"]
