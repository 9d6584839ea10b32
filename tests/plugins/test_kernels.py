"""A plugin that adds a variant of a kernel: chosen where its condition holds, shown, and held to the laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.kernels.convolve import convolve
from netspec.library.shelf.plugins import load
from netspec.testing import check_kernel, check_plugin
from tests.plugins.conftest import HERE, Install

Capture = pytest.CaptureFixture[str]
SPEC = """netspec 1

model M {
  input image: f32[B, 4, 4, 3]
  output found = image -> conv(5, 3) -> relu -> conv(2, 1) -> global_avg_pool
}
"""


@pytest.fixture
def spec(tmp_path: Path, install: Install) -> str:
    install(swift="swift")
    (tmp_path / "m.net").write_text(SPEC)
    return str(tmp_path / "m.net")


def test_the_plugin_is_one_short_file() -> None:
    assert len((HERE / "swift.py").read_text().splitlines()) < 40


def test_it_is_chosen_and_shown(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", spec, "--plugin", "swift", "--as", "kernels", "--at", "B=2"]) == 0
    _, _, wide, narrow = capsys.readouterr().out.splitlines()
    assert wide.split("  ")[0] == "conv_0" and "swift.by_matmul does not apply" in wide
    assert narrow.split("  ")[0] == "conv_1" and "swift.by_matmul  a 1x1 convolution is a product of matrices" in narrow


def test_it_computes_what_the_reference_does(spec: str) -> None:
    model, portable, plain = (
        netspec.compile(spec, **more) for more in ({"plugins": ["swift"]}, {"plugins": ["swift"], "lowering": "portable"}, {})
    )
    state, image = model.init(0), np.random.default_rng(0).random((2, 4, 4, 3), np.float32)
    names = [[chosen.variant.name for chosen in each.kernels({"B": 2})] for each in (model, portable, plain)]
    assert names == [["reference", "swift.by_matmul"], ["reference"] * 2, ["reference", "by_matmul"]], "nobody gets what nobody asked for"
    found = [each.apply(state, image=image)["found"] for each in (model, portable, plain)]
    for other in found[1:]:
        np.testing.assert_allclose(found[0], other, 1e-5)


def test_it_keeps_the_laws(spec: str) -> None:
    check_plugin("swift")


def test_a_wrong_one_is_named_with_its_laws(spec: str) -> None:
    (right,) = load("swift").kernels

    @convolve.variant(on=["cpu"], when=right.when)
    def doubled(x, kernel, **options):
        return 2 * right.function(x, kernel).astype("float32")

    with pytest.raises(AssertionError) as error:
        check_kernel(doubled)
    for law in ("types are the references", "values are the references", "gradients are the references", "f64 stays f64"):
        assert f"- {law}: convolve by doubled of f32[2, 4, 4, 3], f32[1, 1, 3, 5]" in str(error.value)


def test_one_that_no_sample_fits_is_told_so(spec: str) -> None:
    never = convolve.variant(when=lambda place, *arguments, **options: "")(lambda x, kernel, **options: x)
    with pytest.raises(AssertionError, match="give it `samples` of its own"):
        check_kernel(never)


BROKEN = """from netspec.kernels.convolve import convolve

@convolve.variant(on=["cpu"], when=lambda place, x, kernel, **options: CONDITION)
def broken(x, kernel, **options):
    return RESULT
"""


@pytest.mark.parametrize(("condition", "result"), [("1 / 0", "x"), ("x.nothing", "x"), ('"always"', "1 / 0")])
def test_one_that_fails_is_the_plugins_fault(condition: str, result: str, spec: str, install: Install, capsys: Capture) -> None:
    code = BROKEN.replace("CONDITION", condition).replace("RESULT", result)
    install({"broken.py": code}, package="broken-kernels", broken="broken")
    assert main(["show", spec, "--plugin", "broken", "--as", "kernels", "--at", "B=2"]) in (1, 2)
    said = capsys.readouterr().err
    assert "error[plugin-fault]" in said and "Traceback" not in said


@pytest.mark.parametrize(("condition", "why"), [("True", "its condition holds"), ("None", "broken.broken does not apply")])
def test_a_condition_without_words_is_shown_all_the_same(condition: str, why: str, spec: str, install: Install, capsys: Capture) -> None:
    code = BROKEN.replace("CONDITION", condition).replace("RESULT", "convolve.reference.function(x, kernel, **options)")
    install({"broken.py": code}, package="broken-kernels", broken="broken")
    assert main(["show", spec, "--plugin", "broken", "--as", "kernels", "--at", "B=2"]) == 0
    assert why in capsys.readouterr().out
