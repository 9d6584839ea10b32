"""`--set`: every form of a name and a path, and what is said of those that lead nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netspec.compile import Checked, check
from netspec.source import Source

SPEC = """netspec 1

param width: int = 4

model Small {
  param n: int = 2
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(n * width) -> relu -> dense(10)
}

model Big {
  param n: int = 3
  param rate: float = 0.5
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(n * width) -> dropout(rate) -> dense(10)
}

train Big {
  data      = digits() -> shuffle -> batch(32)
  loss      = softmax_cross_entropy(logits, label) + 0.1 * softmax_cross_entropy(logits, label)
  optimizer = clip_by_global_norm(1.0) -> adamw(warmup_cosine(0.001, warmup=20 steps), b1=0.8)
  duration  = 3 epochs
  eval { every = 2 epochs }
}

train Small as small {
  data      = digits() -> batch(16)
  loss      = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration  = 5 steps
}

expect Big { params == 910 }
"""


def given(train: str | None = None, **values: str) -> Checked:
    overrides = {name.replace("__", "."): value for name, value in values.items()}
    return check(Source("spec.net", SPEC), overrides=overrides, train=train)


def plan(number: int = 0, train: str | None = None, **values: str):
    found = given(train, **values)
    assert not found.problems and found.typed is not None, found.problems
    return found.typed.trains[number]


def features(body) -> int:
    return next(n.op.features for n in body.nodes if hasattr(n, "op") and n.op.op_name() == "dense")


def test_the_spec_is_clean_as_written() -> None:
    assert given().problems == ()


def test_a_param_of_the_file_a_model_and_another_model() -> None:
    assert features(plan(width="5").model) == 15
    assert features(plan(n="4").model) == 16
    assert features(plan(Big__n="5").model) == 20
    assert (features(plan(0, Small__n="7").model), features(plan(1, Small__n="7").model)) == (12, 28)
    assert (features(plan(0, "small", n="7").model), features(plan(1, "small", n="7").model)) == (12, 28)


@pytest.mark.parametrize("given_in", ["(7)", "(n=7)", "(rate=0.1, n=7)"])
def test_the_command_line_comes_before_what_a_section_gives(given_in: str) -> None:
    text = SPEC.replace("train Big {", f"train Big{given_in} {{")
    source = Source(
        "spec.net", text + f"\n{text[text.index('train Big') : text.index('train Small')].replace(given_in, given_in + ' as other')}"
    )
    for train, sizes in ((None, [20, 8, 20]), ("Big", [20, 8, 28]), ("other", [28, 8, 20])):
        typed = check(source, overrides={"Big.n": "5"}, train=train).typed
        assert typed is not None and [features(p.model) for p in typed.trains] == sizes
    typed = check(source).typed
    assert typed is not None and [features(p.model) for p in typed.trains] == [28, 8, 28]


def test_an_override_is_an_expression() -> None:
    assert features(plan(n="2 * (width + 1)").model) == 40


def test_settings_by_path() -> None:
    assert str(plan(train__duration="7 epochs").duration) == "7 epochs"
    assert plan(train__seed="9").seed == 9
    assert plan(train__precision="mixed(bf16)").precision == "mixed(bf16)"
    assert str(plan(train__eval__every="1 epoch").eval.every) == "1 epoch"
    assert plan(train__checkpoint__keep="8").checkpoint.keep == 8
    assert str(plan(1, "small", train__duration="7 steps").duration) == "7 steps"
    assert str(plan(0, "small", train__duration="7 steps").duration) == "3 epochs"


def test_arguments_inside_settings() -> None:
    assert plan(train__data__batch__size="8").data.batch == 8
    assert plan(train__data__size="8").data.batch == 8
    assert plan(train__optimizer__adamw__b1="0.7").optimizer.parts[1].b1 == 0.7
    assert plan(train__optimizer__b2="0.9").optimizer.parts[1].b2 == 0.9
    assert plan(train__optimizer__max_norm="2.0").optimizer.parts[0].max_norm == 2.0
    assert plan(train__optimizer__learning_rate="0.5").optimizer.parts[1].learning_rate == 0.5
    assert plan(train__optimizer__learning_rate__peak="0.5").optimizer.parts[1].learning_rate.peak == 0.5
    assert plan(train__optimizer__adamw__learning_rate__warmup_cosine__peak="0.5").optimizer.parts[1].learning_rate.peak == 0.5
    assert plan(1, "small", train__optimizer__momentum="0.5").optimizer.momentum == 0.5
    assert plan(train__optimizer="sgd(0.5)").optimizer.learning_rate == 0.5


def test_where_a_setting_came_from_is_the_command_line() -> None:
    assert plan(train__duration="7 epochs").settings["duration"] == "7 epochs"
    assert plan(train__duration="7 epochs").origins["duration"] == "command line"
    assert plan(train__duration="7 epochs").origins["loss"] == "spec.net:20"
    inside = plan(train__optimizer__b1="0.7")
    assert inside.origins["optimizer"] == "command line"
    assert inside.settings["optimizer"].endswith("adamw(warmup_cosine(0.001, warmup=20 steps), b1=0.7)")
    assert plan(train__seed="3").origins["seed"] == "command line" and plan().origins["seed"] == "default"


def test_claims_are_meant_of_the_spec_as_written() -> None:
    assert given(n="9").problems == ()


@pytest.mark.parametrize(
    ("path", "value", "slug", "says"),
    [
        ("m", "1", "unknown-override", "`--set m=…` names nothing in this spec"),
        ("widht", "1", "unknown-override", "write `--set width=1`"),
        ("Big.rat", "1", "unknown-override", "write `--set Big.rate=1`"),
        ("Bog.rate", "1", "unknown-override", "write `--set Big.rate=1`"),
        ("train.duratoin", "1 epoch", "unknown-override", 'write `--set train.duration="1 epoch"`'),
        ("train.eval.evry", "1 epoch", "unknown-override", 'write `--set train.eval.every="1 epoch"`'),
        ("train.optimizer.b3", "1", "unknown-override", "write `--set train.optimizer.b1=1`"),
        ("train.optimizer.adamw.b1.x", "1", "unknown-override", "names nothing"),
        ("train.loss.x", "1", "unknown-override", "names nothing"),
        ("n", "1 +", "bad-override", "`--set n=1 +`"),
        ("n", "", "bad-override", "`--set n=`"),
        ("n", "relu x", "bad-override", "`--set n=relu x`"),
        ("n", '"a"', "bad-argument", "`Big` wants a whole number for `n`"),
        ("rate", "2", "bad-argument", "`dropout` wants a number of at most 1"),
        ("n", "q", "unknown-name", "there is no value `q`"),
        ("train.duration", "7", "bad-setting", "`duration` must be a length"),
    ],
)
def test_what_does_not_fit_is_a_problem(path: str, value: str, slug: str, says: str) -> None:
    found = check(Source("spec.net", SPEC), overrides={path: value}).problems
    assert [p.slug() for p in found] == [slug]
    assert says in f"{found[0].message()} | {found[0].help()}"


def test_an_argument_that_several_ops_have_must_be_named() -> None:
    spec = SPEC.replace("clip_by_global_norm(1.0) -> adamw", "adam(0.1) -> adamw")
    [problem] = check(Source("spec.net", spec), overrides={"train.optimizer.b1": "0.5"}).problems[:1]
    assert problem.slug() == "ambiguous-override"
    assert problem.help() == "write `--set train.optimizer.adam.b1=0.5` or `--set train.optimizer.adamw.b1=0.5`"


def test_a_section_that_does_not_exist() -> None:
    [problem] = given("other", train__seed="1").problems
    assert problem.slug() == "unknown-override"


# --- settings of updates ---------------------------------------------------------------------------------------------
SEVERAL = """netspec 1
model M {
  input image: f32[B, 8, 8, 1]
  h = image -> flatten -> low: dense(6)
  output logits = h -> high: dense(10)
}
train M {
  data = digits() -> batch(32)
  let xent = softmax_cross_entropy(logits, label)
  update low { loss = xent; params = "low/**"; optimizer = adam(0.001) }
  update high { loss = xent; params = "high/**"; optimizer = adam(0.001) }
  duration = 2 epochs
}
"""


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("train.update.high.optimizer.adam.b1", "0.5", lambda p: p.updates[1].optimizer.b1),
        ("train.update.low.optimizer.learning_rate", "0.5", lambda p: p.updates[0].optimizer.learning_rate),
        ("train.update.high.every", "3", lambda p: p.updates[1].every),
        ("train.accumulate", "3", lambda p: p.accumulate),
        ("train.ema", "0.5", lambda p: p.ema),
    ],
)
def test_settings_of_updates(path: str, value: str, found: Any) -> None:
    result = check(Source("spec.net", SEVERAL), overrides={path: value})
    assert not result.problems and result.typed is not None
    assert found(result.typed.trains[0]) == float(value)
    assert (
        result.typed.trains[0].origins[path.removeprefix("train.").removesuffix(".adam.b1").removesuffix(".learning_rate")]
        == "command line"
    )


@pytest.mark.parametrize(
    ("path", "help_"),
    [
        ("train.update.hihg.every", "did you mean `train.update.high`?"),
        ("train.update", "`train.update.low`, `train.update.high`"),
        ("train.update.high", "`train.update.high.loss`"),
        ("train.update.high.evry", "did you mean `train.update.high.every`?"),
    ],
)
def test_paths_of_updates_that_do_not_exist(path: str, help_: str) -> None:
    [problem] = check(Source("spec.net", SEVERAL), overrides={path: "3"}).problems
    assert problem.slug() == "unknown-override" and help_ in (problem.help() or ""), problem.help()


def test_the_params_of_an_imported_model(tmp_path: Path) -> None:
    (tmp_path / "models.net").write_text(SPEC[: SPEC.index("train Big")])
    section = SPEC[SPEC.index("train Big") : SPEC.index("train Small")].replace("Big", "M")
    (main := tmp_path / "main.net").write_text(f'netspec 1\n\nimport Big as M from "models.net"\n\n{section}')

    def typed(**values: str) -> list[int]:
        found = check(main, overrides={name.replace("__", "."): value for name, value in values.items()})
        assert found.typed is not None and not found.problems, found.problems
        return [features(p.model) for p in found.typed.trains]

    assert (typed(), typed(n="5"), typed(M__n="6")) == ([12], [20], [24])
    (problem,) = check(main, overrides={"rat": "0.1"}).problems
    assert problem.slug() == "unknown-argument" and problem.help() == "did you mean `rate`?"
    assert [p.slug() for p in check(main, overrides={"N.n": "1"}).problems] == ["unknown-override"]


def test_a_list_that_holds_itself_is_no_value() -> None:
    endless: list[Any] = [1]
    endless.append(endless)
    with pytest.raises(TypeError, match="holds itself"):
        check(Source("spec.net", SPEC), set={"width": endless})


def test_no_plugins_are_none_and_a_number_is_no_list_of_them() -> None:
    assert check(Source("spec.net", SPEC), plugins=None).ok
    with pytest.raises(TypeError, match="`plugins` is a list of names"):
        check(Source("spec.net", SPEC), plugins=3)  # type: ignore[arg-type]
