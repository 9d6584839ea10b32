"""The table of foreign names says only what is true here: its names exist, its code compiles, and nothing in it is a name of the shelf."""

from __future__ import annotations

import pytest

from netspec.compile import check
from netspec.diagnostics.drawing.text import render_text
from netspec.diagnostics.names.unknown_names import UnknownArgument
from netspec.diagnostics.suggestions.alias_words import WORDS
from netspec.diagnostics.suggestions.aliases import Foreign, aliases, foreign_ops
from netspec.diagnostics.suggestions.nearest import squash
from netspec.library.shelf import index
from netspec.resolve.suggestions import ADVICE, unknown_op
from netspec.source import NOWHERE, Source

ROWS = [(kinds, name, said) for kinds, table in foreign_ops().items() for name, said in table.items()]
CODE = {said.code: kinds for kinds, _, said in ROWS if said.code}

INPUTS = {
    "images": "input x: f32[B, 32, 32, 16]",
    "a sequence": "input x: f32[B, 16, 16]",
    "vectors": "input x: f32[B, 16]",
    "two": "weight weights: f32[16, 16, 16] = normal(0.02)\n  input x: f32[B, 16]",
}
CELL = "block Cell {\n  input x: f32[B, H, W, C]\n  state h: f32[B, H, W, 16] = zeros\n  h = tanh((x -> conv(16, 3)) + h)\n  output h\n}\n"
CELL_INPUT = "input x: f32[B, T, 32, 32, 16]"


@pytest.mark.parametrize("kinds", foreign_ops(), ids=lambda kinds: kinds[0])
def test_every_proposed_name_exists_in_its_kind(kinds: tuple[str, ...]) -> None:
    """A row that names what the shelf lost, or never had, would send people in circles."""
    proposed = {ours for said in foreign_ops()[kinds].values() for ours in said.ours}
    assert {name for name in proposed if index.lookup(name, *kinds) is None} == set()


@pytest.mark.parametrize("kinds", foreign_ops(), ids=lambda kinds: kinds[0])
def test_no_foreign_name_is_one_of_the_shelf(kinds: tuple[str, ...]) -> None:
    """Where this fails an op has come: take its name out of the row, and let the other names of the row propose it."""
    real = {squash(name) for name in index.names(*kinds)}
    assert real & set(foreign_ops()[kinds]) == set()


def test_the_table_is_squashed() -> None:
    """A key that is not squashed would never be found."""
    assert [name for _, name, _ in ROWS if squash(name) != name] == []
    assert [name for name in (*aliases(), *ADVICE) if squash(name) != name] == []
    assert [name for name, ours in aliases().items() if name in map(squash, ours) and len(ours) == 1] == []


def test_every_row_says_one_thing() -> None:
    assert [(name, said) for _, name, said in ROWS if not (said.ours or said.code or said.words)] == []
    assert [said for _, _, said in ROWS if said.ours and (said.code or said.words)] == []


def test_every_word_for_an_argument_or_setting_exists() -> None:
    from netspec.infer.sections.claims import MEASURES
    from netspec.infer.sections.settings import PRECISIONS
    from netspec.resolve.sections import GROUPS, SETTINGS
    from netspec.shape import DTYPES

    arguments = {name for entry in index.all_entries() for name in (*(a.name for a in entry.signature), *(i.name for i in entry.inputs))}
    settings = {name for table in (*SETTINGS.values(), *GROUPS.values()) for name in table}
    known = {*arguments, *settings, *MEASURES, *PRECISIONS, *DTYPES}
    proposed = {ours for row in WORDS.replace("\n  ", " ").strip().splitlines() for ours in row.split(":")[1].split()}
    assert proposed - known == set()


def specs(kinds: tuple[str, ...], code: str) -> list[str]:
    """The code in the places where it may stand."""
    *before, last = (part.strip() for part in code.split(";"))
    if kinds == ("schedule",):
        return [trained(("optimizer",), f"adam({last})")]
    if "optimizer" in kinds or "loss" in kinds or "metric" in kinds:
        return [trained(kinds, last)]
    lines = "".join(f"  {line}\n" for line in before)
    models = [f"model M {{\n  {given}\n{lines}  output y = {last}\n}}\n" for given in INPUTS.values()]
    return [*models, CELL + f"model M {{\n  {CELL_INPUT}\n{lines}  output y = {last}\n}}\n"]


def trained(kinds: tuple[str, ...], code: str) -> str:
    loss = code if "loss" in kinds or "metric" in kinds else "mean_squared_error(predictions, one_hot(label, 10))"
    names = {"predictions": "logits", "targets": "one_hot(label, 10)", "square(mean)": "square(logits)", "logvar": "logits"}
    for theirs, ours in names.items():
        loss = loss.replace(theirs, ours)
    optimizer = code if "optimizer" in kinds else "sgd(0.1)"
    model = "model M {\n  input image: f32[B, 28, 28, 1]\n  output logits = image -> flatten -> dense(10)\n}\n"
    return model + f"train M {{\n  data = mnist() -> batch(32)\n  loss = {loss}\n  optimizer = {optimizer}\n  duration = 1 epoch\n}}\n"


@pytest.mark.parametrize("code", CODE)
def test_proposed_code_compiles(code: str) -> None:
    """In one of the places that the test knows; what stands there is not a plain refusal of each."""
    tried = [check(Source("m.net", "netspec 1\n" + text)).problems for text in specs(CODE[code], code)]
    assert any(not any(p.severity == "error" for p in problems) for problems in tried), "\n".join(map(render_text, tried))


@pytest.mark.parametrize(
    ("name", "kinds", "near", "how"),
    [
        ("Linear", ("layer", "function"), ("dense",), ""),
        ("ReLu", ("layer", "function"), ("relu",), ""),
        ("nn.Dense", ("layer", "function"), ("dense",), ""),
        ("jax.nn.relu", ("layer", "function"), ("relu",), ""),
        ("tf.nn.l2_normalize", ("layer", "function"), (), "norm(x"),
        ("thresholded_relu", ("layer", "function"), (), "where(x > 1.0"),
        ("global_sum_pool", ("layer", "function"), (), "sum(axis=[1, 2])"),
        ("l2_normalize", ("layer", "function"), (), "norm(x"),
        ("drop_block", ("layer", "function"), (), "spatial_dropout(0.1)"),
        ("stochastic_depth", ("layer", "function"), ("drop_path",), ""),
        ("mse_loss", ("layer", "function"), (), "`mean_squared_error` is a loss"),
        ("mse_loss", ("loss", "function"), ("mean_squared_error",), ""),
        ("ranger", ("optimizer", "schedule"), (), "lookahead(radam("),
        ("quantum", ("layer", "function"), (), ""),
    ],
)
def test_what_is_said_of_an_unknown_op(name: str, kinds: tuple[str, ...], near: tuple[str, ...], how: str) -> None:
    problem = unknown_op(NOWHERE, name, kinds, ())
    assert problem.near == near
    assert how in problem.how and bool(how) == bool(problem.how)


def test_a_kind_with_few_names_lists_them() -> None:
    assert set(unknown_op(NOWHERE, "quantum", ("decoder",), ()).options) == {"greedy", "sample", "beam"}


def test_advice_reads_as_a_sentence() -> None:
    assert Foreign(code="a = x; a * 2", words="twice").how() == "write `a = x` and then `a * 2`, twice"
    assert Foreign(words="left out").how() == "left out"


@pytest.mark.parametrize(
    ("call", "near"),
    [
        ("x -> patch_embed(features=8, size=4)", "patch"),
        ("x -> patch_embed(8, size=4)", "patch"),
        ("x -> patch_embed(size=8, patch=4)", "features"),
        ("x -> conv(8, size=3)", "kernel"),
        ("x -> flatten -> dense(size=4)", "features"),
        ("dense(x, size=4)", "features"),
        ("x -> conv(8, kernel=3, kernal=3)", None),
    ],
)
def test_no_argument_is_proposed_that_the_call_has_already(call: str, near: str | None) -> None:
    spec = f"netspec 1\nmodel M {{\n  input x: f32[B, 32, 32, 16]\n  output y = {call}\n}}\n"
    (problem,) = check(Source("m.net", spec)).problems
    assert isinstance(problem, UnknownArgument)
    assert problem.near == ((near,) if near else ())
