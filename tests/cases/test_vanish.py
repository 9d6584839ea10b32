"""Nothing of a file may vanish: misplaced declarations, what nobody uses, params in circles, limits that are each model's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.compile import Checked, check
from netspec.source import Source

TRAPS = Path(__file__).parent / "traps"


def found(text: str) -> list[tuple[str, int]]:
    """The errors of a spec and their lines; the first line of the text is that of the version."""
    return [(p.slug(), p.at.line) for p in check(Source("m.net", text)).problems if p.severity == "error"]


def trap(number: int) -> Checked:
    [path] = TRAPS.glob(f"{number:02}-*.net")
    return check(path)


def slugs(checked: Checked) -> list[str]:
    return [p.slug() for p in checked.problems if p.severity == "error"]


def model(*lines: str, more: str = "") -> str:
    body = "\n".join(lines)
    return f"netspec 1\nmodel M {{\n  input x: f32[B, 8]\n  h = x\n{body}\n  output y = h -> dense(4)\n}}\n{more}"


# --- misplaced declarations ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [5, 6, 7])
def test_an_input_in_a_region_is_refused_and_the_claims_are_held(number: int) -> None:
    checked = trap(number)
    assert slugs(checked)[:2] == ["misplaced-declaration", "expect-failed"]
    problem = next(p for p in checked.problems if p.slug() == "misplaced-declaration")
    assert problem.at.text.startswith("input ") and problem.places() and "up into the body" in (problem.help() or "")
    assert checked.typed is not None and checked.typed.models


@pytest.mark.parametrize("number", [8, 9])
def test_an_output_in_a_loop_and_a_state_in_a_model_are_refused(number: int) -> None:
    assert slugs(trap(number)) == ["misplaced-declaration"]


REGIONS = {
    "for": "for i in range(2) {{ {} }}",
    "for without a pass": "for i in [] {{ {} }}",
    "repeat": "repeat 2 {{ {} }}",
    "repeat without a pass": "repeat 0 {{ {} }}",
    "when": "when train {{ {} }}",
    "when in for": "for i in range(2) {{ when eval {{ {} }} }}",
    "repeat in when": "when serve {{ repeat 3 {{ {} }} }}",
}
DECLARED = {
    "param": "param q: int = 3",
    "input": "input q: f32[B, 8]",
    "output": "output q = x",
    "state": "state q: f32[B, 8] = zeros; q = x",
}


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("kind", DECLARED)
def test_what_the_body_declares_stands_in_the_body_itself(kind: str, region: str) -> None:
    text = model(REGIONS[region].format(DECLARED[kind]), more="expect M { params == 1 }\n")
    if kind == "output" and region == "when":
        assert found(text) == [("expect-failed", 8)]
    else:
        assert found(text) == [("misplaced-declaration", 5), ("expect-failed", 8)]


@pytest.mark.parametrize("kind", [*DECLARED, "weight", "buffer", "shared", "aux"])
def test_a_branch_of_if_holds_no_declaration(kind: str) -> None:
    told = DECLARED.get(kind, f"{kind} q: f32[8] = zeros").partition(";")[0]
    [problem] = check(Source("m.net", model(f"  h = if true {{ {told} }} else {{ x }}"))).problems
    assert problem.slug() == "if-is-an-expression" and f"`{kind}` before the `if`" in (problem.help() or "")


def test_a_block_s_state_stands_in_its_body_itself() -> None:
    cell = "block Cell {\n  input x: f32[B, 8]\n  when train { state h: f32[B, 8] = zeros }\n  output x\n}\n"
    assert found("netspec 1\n" + cell + model("  h = h -> Cell").partition("\n")[2]) == [("misplaced-declaration", 4)]


# --- what nobody uses ------------------------------------------------------------------------------------------------


def test_a_mistake_in_an_unused_block_is_found() -> None:
    assert slugs(trap(11)) == ["too-many-arguments", "bad-argument"]


def test_a_mistake_behind_a_param_without_default_is_found() -> None:
    assert slugs(trap(12)) == ["too-many-arguments", "bad-argument"]


WRONG = {
    "an argument": "x -> dense(-1)",
    "behind a loop over what nobody knows": "Open(x)",
    "the rank": "x -> conv(8, 3)",
    "sizes that are never equal": "x + ones([B, 9])",
    "an axis that is not there": "softmax(x, axis=5)",
    "an element type": "x -> embed(10, 4)",
    "a branch that nobody takes": "if false { x -> dropout(7) } else { x }",
    "the type of a list": "x[:, [0, 8]]",
    "a method": "x -> relu(1) -> relu",
    "an inner call": "x -> dense(4, kernel_init=normal(-1))",
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_of_every_use_is_a_problem(what: str) -> None:
    loop = "for w in widths { x = x -> dense(w) -> dropout(7) }"
    opened = f"block Open {{\n  param widths: list[int]\n  input x: f32[B, 8]\n  {loop}\n  output x\n}}\n"
    unused = (
        f"block Unused {{\n  param width: int\n  input x: f32[B, 8]\n  output {WRONG[what].replace('Open(x)', 'x -> dense(width)')}\n}}\n"
    )
    text = "netspec 1\n" + (opened if "Open" in WRONG[what] else unused) + model().partition("\n")[2]
    [(_, line)] = found(text)
    assert line == 5


RIGHT = {
    "weights of the caller's sizes": "x -> dense(4 * D) -> dense(D)",
    "one size for all": "x + ones([B, 3])",
    "sizes that a use may make equal": "x + y",
    "a size that divides": 'rearrange(x, "b (h d) -> b h d", h=4)',
    "numbers of sizes": "x * (D / 2)",
    "a list as long as an axis": "[x -> dense(i + 1) for i in range(D)][0]",
    "a condition on sizes": "if D == 8 { x } else { x -> dense(8) }",
    "a branch that nobody takes": "if false { x -> dense(D - 8) } else { x }",
    "a matrix of the sizes": "x @ transpose(y)",
    "a slice of what may be long": "x[:, 300]",
    "a rate": "x -> dropout(rate)",
    "a layer that nobody knows": "x -> layer -> relu",
}


@pytest.mark.parametrize("what", [w for w in RIGHT if " for i in " not in RIGHT[w]])
def test_what_may_be_right_for_a_use_is_none(what: str) -> None:
    head = "block Unused {\n  param rate: float\n  param layer: layer\n  param heads: int = 3\n  input x: f32[B, D]\n  input y: f32[B, E]\n"
    text = "netspec 1\n" + head + f"  require D % heads == 0\n  output {RIGHT[what]}\n}}\n" + model().partition("\n")[2]
    assert found(text) == []


# --- limits ----------------------------------------------------------------------------------------------------------


def test_models_have_limits_of_their_own() -> None:
    assert slugs(trap(35)) == []


def blocks(count: int, end: str) -> str:
    """Blocks of which each uses the next, and the last the end."""
    rows = [f"block A{i} {{ input x: f32[B, 8]; output x -> {f'A{i + 1}' if i < count - 1 else end} }}\n" for i in range(count)]
    return f"netspec 1\n{''.join(rows)}model M {{\n  input x: f32[B, 8]\n  output y = x -> A0\n}}\n"


def test_a_long_row_of_blocks_is_refused_by_a_limit_that_is_named() -> None:
    assert found(blocks(60, "relu")) == []
    for count in (150, 3_000):
        [problem] = check(Source("m.net", blocks(count, "relu"))).problems
        assert "65 blocks and regions inside one another, and the limit is 64" in problem.message()


@pytest.mark.parametrize("count", [1, 5, 63, 64, 65, 100, 3_000])
def test_a_circle_of_blocks_is_one_problem(count: int) -> None:
    assert [slug for slug, _ in found(blocks(count, "A0"))] == ["recursion"]


# --- claims ----------------------------------------------------------------------------------------------------------


def test_a_claim_at_sizes_that_the_model_never_has_is_refused_with_sizes_that_it_has() -> None:
    found = trap(15).problems
    assert [p.slug() for p in found] == ["claim-at-forbidden-size"] * 2
    assert [p.help() for p in found] == ["write `H=32`", "write `W=32`"]
    text = next(TRAPS.glob("15-*.net")).read_text("utf-8")
    assert not check(Source("m.net", text.replace("H=1, W=1", "H=32, W=32").replace("10_000_000", "1G"))).problems


@pytest.mark.parametrize(
    ("fact", "size"),
    [("require H % 7 == 3", 3), ("dim H >= 5", 5), ("require H > W", 2), ("assume H == 9", 9), ("require 2 * H >= 31", 16)],
)
def test_the_help_names_a_size_that_the_model_allows(fact: str, size: int) -> None:
    lines = (fact, "input x: f32[B, H, 3]", "input z: f32[B, W, 3]", "output y = x -> dense(4)", "output v = z")
    text = "netspec 1\nmodel M {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"
    [problem] = check(Source("m.net", text + "expect M { flops <= 1G at B=1 }\n")).problems
    assert problem.slug() == "claim-needs-sizes" and f"H={size}" in (problem.help() or "")
    repaired = (problem.help() or "").partition("`… ")[2].rstrip("`")
    assert not check(Source("m.net", text + f"expect M {{ flops <= 1G {repaired} }}\n")).problems


# --- params ----------------------------------------------------------------------------------------------------------

USES = "model M {\n  input x: f32[B, 8]\n  output y = x -> dense(a)\n}\nexpect M { params == 27 }\n"


@pytest.mark.parametrize(
    ("params", "lines"),
    [
        ("param a: int = b; param b: int = a", [2]),
        ("param a: int = a", [2]),
        ("param a: int = [1, b][0]; param b: int = 2 * c; param c: int = a + 1", [2]),
        ("param a: int = b; param b: int = b; param c: int = c", [3, 4]),
    ],
)
def test_params_in_a_circle_are_refused(params: str, lines: list[int]) -> None:
    text = "netspec 1\n" + params.replace("; ", "\n") + "\n" + USES
    assert found(text) == [("circular-params", line) for line in lines]


def test_params_of_a_file_come_in_any_order() -> None:
    assert found("netspec 1\nparam a: int = b + c\nparam b: int = 2 * c\nparam c: int = 1\n" + USES) == []


def test_params_in_a_circle_are_refused_in_an_import_too(tmp_path: Path) -> None:
    part = "block Part {\n  input x: f32[B, 8]\n  output x -> dense(p)\n}\n"
    (tmp_path / "part.net").write_text("netspec 1\nparam p: int = q\nparam q: int = p\n" + part, "utf-8")
    main = tmp_path / "m.net"
    main.write_text('netspec 1\nimport Part from "part.net"\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> Part\n}\n', "utf-8")
    [problem] = check(main).problems
    assert problem.slug() == "circular-params" and problem.at.source.path.endswith("part.net")


# --- buffers in regions ----------------------------------------------------------------------------------------------

COUNTED = {
    "in the body": ("buffer c: f32[] = zeros; c = c + 1", ["c"], 1),
    "in a `for`": ("for i in range(2) { buffer c: f32[] = zeros; c = c + i + 1 }", ["c_0", "c_1"], 1),
    "in a `repeat`": ("repeat 3 { buffer c: f32[] = zeros; c = c + 1 }", ["c_0", "c_2"], 1),
    "in a `when`": ("when train { buffer c: f32[] = zeros; c = c + 1 }", ["c"], 1),
    "of a name that is bound anew behind it": (
        "for i in range(1) { buffer c: f32[] = zeros; c = c + 1 }\n  c = 2 * x\n  h = h + c",
        ["c_0"],
        1,
    ),
}


@pytest.mark.parametrize("where", COUNTED)
def test_a_buffer_that_is_bound_anew_is_written_where_it_stands(where: str) -> None:
    import numpy as np

    import netspec

    lines, paths, value = COUNTED[where]
    train = "train M {\n  data = arrays(fields={x: f32[8], label: i32[]}) -> batch(2)\n  loss = softmax_cross_entropy(y, label)\n"
    program = netspec.compile(Source("m.net", model("  " + lines, more=train + "  optimizer = sgd(0.1)\n  duration = 1 epoch\n}\n")))
    state, _ = program.train_step(program.init(0), {"x": np.ones((2, 8), "f"), "label": np.zeros(2, np.int32)})
    buffers = program.unpack(state)["buffers"]
    assert {path: float(buffers[path]) for path in paths} == {
        path: value * (int(path[-1]) + 1 if "i + 1" in lines else 1) for path in paths
    }


# --- outputs of one phase in a loss ----------------------------------------------------------------------------------


def heads(loss: str, *more: str) -> str:
    head = "model M {\n  input x: f32[B, 8]\n  h = x -> dense(16) -> relu\n  when train { output first = h -> dense(3) }\n"
    data = "  data = arrays(fields={x: f32[8], label: i32[]}) -> batch(8)\n"
    lines = "".join(f"  {line}\n" for line in (f"loss = {loss}", "optimizer = sgd(0.1)", "duration = 1 epoch", *more))
    return f"netspec 1\n{head}  output logits = h -> dense(3)\n}}\ntrain M {{\n{data}{lines}}}\n"


MAIN, AUX = "softmax_cross_entropy(logits, label)", "softmax_cross_entropy(first, label)"


def test_a_loss_reads_an_auxiliary_head_and_an_evaluation_leaves_its_term_out() -> None:
    import numpy as np

    import netspec

    rng = np.random.default_rng(0)
    batch = {"x": rng.normal(size=(8, 8)).astype("f"), "label": rng.integers(0, 3, 8).astype("i4")}

    def measured(loss: str) -> tuple[float, float]:
        program = netspec.compile(Source("m.net", heads(loss, f"metric aux = {AUX}", f"metric main = {MAIN}")))
        state = program.init(0)
        evaluated = program.finish(program.eval_step(state, batch), "eval")
        assert sorted(evaluated) == ["loss", "main"] and np.isclose(evaluated["main"], whole if loss == MAIN else evaluated["main"])
        trained = program.finish(program.train_step(state, batch)[1])
        assert sorted(trained) == ["aux", "loss", "main"]
        return float(trained["loss"]) - float(trained["main"]), float(evaluated["loss"])

    plain = netspec.compile(Source("m.net", heads(MAIN)))
    whole = float(plain.finish(plain.eval_step(plain.init(0), batch), "eval")["loss"])
    for loss in (f"{MAIN} + 0.3 * {AUX}", f"0.3 * {AUX} + {MAIN}", f"({MAIN}) - -0.3 * {AUX}"):
        extra, evaluated = measured(loss)
        assert extra > 0.1 and np.isclose(evaluated, whole)
    assert np.isclose(measured(f"-0.3 * {AUX} - -1.0 * {MAIN}")[1], whole)


def test_a_loss_of_auxiliary_heads_alone_has_nothing_to_evaluate() -> None:
    assert found(heads(f"0.3 * {AUX}")) == [("loss-only-in-training", 10)]
    assert found(heads(f"{MAIN} * {AUX}")) == [("loss-only-in-training", 10)]


def test_an_output_of_another_phase_says_where_it_is_measured() -> None:
    text = heads(MAIN, "metric m = mean(first)").replace("when train", "when eval")
    assert found(text) == [("only-in-phase", 13)]
    assert found(text.replace("metric m = mean(first)", "eval { metric m = mean(first) }")) == []


# --- loops -----------------------------------------------------------------------------------------------------------


def test_a_repeat_with_random_numbers_is_a_loop() -> None:
    import numpy as np

    import netspec

    text = next(TRAPS.glob("14-*.net")).read_text("utf-8")
    lengths = set()
    for count in (8, 400, 9_000):
        program = netspec.compile(Source("m.net", text.replace("repeat 400", f"repeat {count}")))
        lengths.add(str(program._apply.trace({}, {}, {"x": np.ones((2, 64), "f")}).jaxpr).count("="))
    assert len(lengths) == 1


# --- depth -----------------------------------------------------------------------------------------------------------


def row(count: int, opened: str, closed: str, call: str = "h -> {}") -> str:
    """Blocks in a row, the use of each inside of something."""
    names = [f"A{i}" for i in range(count)] + ["relu"]
    bodies = [f"  h = x\n  {opened} h = {call.format(names[i + 1])} {closed}\n" for i in range(count)]
    blocks = [f"block {name} {{\n  input x: f32[B, 8]\n{body}  output h\n}}\n" for name, body in zip(names, bodies, strict=False)]
    return "netspec 1\n" + "".join(blocks) + "model M {\n  input x: f32[B, 8]\n  output y = x -> A0 -> dense(8)\n}\n"


DEEP = {
    "parentheses": (60, "", "", "(" * 30 + "h -> {}" + ")" * 30),
    "calls": (60, "", "", "relu(" * 30 + "{}(h)" + ")" * 30),
    "minus signs": (60, "", "", "-" * 40 + "{}(h)"),
    "choices": (60, "", "", "if true {{ " * 20 + "h -> {}" + " }} else {{ h }}" * 20),
    "repeats": (60, "repeat 1 { " * 20, " }" * 20),
    "loops": (60, " ".join(f"for i{k} in range(1) {{" for k in range(20)), " }" * 20),
    "phases": (60, "when train { " * 20, " }" * 20),
}


@pytest.mark.parametrize("what", DEEP)
def test_what_is_too_deep_through_blocks_is_refused_by_a_limit_that_is_named(what: str) -> None:
    [problem] = check(Source("m.net", row(*DEEP[what]))).problems
    assert problem.slug() == "expansion-too-large" and "inside one another" in problem.message()


def test_repeats_inside_one_another_have_a_limit() -> None:
    assert found(row(2, "repeat 1 { " * 16, " }" * 16)) == []
    assert [slug for slug, _ in found(row(2, "repeat 1 { " * 17, " }" * 17))] == ["expansion-too-large"]


@pytest.mark.parametrize(("opened", "closed"), [("repeat 1 {", "}"), ("when train {", "}"), ("for i in range(1) {", "}"), ("", "")])
def test_what_is_as_deep_as_it_may_be_is_compiled(opened: str, closed: str) -> None:
    import jax
    import numpy as np

    import netspec

    program = netspec.compile(Source("m.net", row(31 if "repeat" in opened else 63, opened, closed)))
    state = program.init(0)
    assert jax.eval_shape(lambda s: program.apply(s, x=np.ones((3, 8), "f")), state)["y"].shape == (3, 8)


def test_a_condition_of_a_param_that_its_default_breaks_is_found_without_a_use() -> None:
    assert found("netspec 1\nparam a: int = 3 where a > b\nparam b: int = 5\n" + USES) == [("where-failed", 2)]
    assert found("netspec 1\nparam a: int = 3 where a < b\nparam b: int = 5\n" + USES) == []
    block = "block K {\n  param n: int = 3 where n > 5\n  input x: f32[B, 8]\n  shared s = dense(-1)\n  output x -> dense(n)\n}\n"
    assert found("netspec 1\n" + block + model().partition("\n")[2]) == [("where-failed", 3), ("bad-argument", 5)]


def test_a_bound_of_a_dim_stands_in_the_model_that_has_it() -> None:
    assert found("netspec 1\ndim B <= 4\n" + model().partition("\n")[2]) == [("misplaced-declaration", 2)]


def test_every_share_along_an_axis_says_what_it_makes_of_one_number() -> None:
    for op in ("softmax", "log_softmax", "entropy"):
        assert found(f"netspec 1\nmodel M {{\n  input x: f32[B, 1]\n  output y = {op}(x)\n}}\n") == [("softmax-of-one", 4)]


def test_a_section_without_a_loss_is_one_problem_though_a_metric_reads_an_auxiliary_head() -> None:
    text = heads(MAIN, f"metric m = {AUX}").replace(f"  loss = {MAIN}\n", "")
    assert [slug for slug, _ in found(text)] == ["missing-setting"]


def test_what_an_evaluation_asks_for_itself_is_there_or_refused() -> None:
    assert found(heads(MAIN, f"eval {{ metric m = {AUX} }}")) == [("only-in-phase", 13)]
    assert found(heads(MAIN, f"let early = {AUX}", "eval { metric m = early }")) == [("only-in-phase", 14)]
    assert found(heads(f"{MAIN} + {AUX}", f"eval {{ metric m = {MAIN} }}")) == []


# --- what the runs of mutated specs have found -----------------------------------------------------------------------


@pytest.mark.parametrize("layer", ["lstm(8{})", "gru(8{})", "rnn(lstm_cell(8){})", "bidirectional(lstm(8){})", "lstm(8, layers=2{})"])
def test_lengths_of_a_layer_over_time_are_one_for_each_sequence(layer: str) -> None:
    head = "netspec 1\nmodel M {\n  input x: f32[B, T, 8]\n  input n: i32[B]\n  input m: i32[B, T]\n  input k: i32[T]\n"
    for name, slugs in (("n", []), ("m", ["unfit-shape"]), ("k", ["unfit-shape"])):
        text = f"{head}  output y = x -> {layer.format(f', lengths={name}')}\n}}\n"
        assert [slug for slug, _ in found(text)] == slugs, (layer, name)


@pytest.mark.parametrize("stage", ["iota(8)", "zeros_like", "random_normal([4])", "full([3], 1.0)"])
def test_a_function_in_a_chain_of_data_is_named(stage: str) -> None:
    text = heads(MAIN).replace("-> batch(8)", f"-> {stage} -> batch(8)")
    assert [line for _, line in found(text)] == [9], stage


@pytest.mark.parametrize("twice", ["input label: i32[B]", "output y = log_softmax(logits)", "param n: int = 3"])
def test_what_is_declared_twice_is_one_problem_and_the_rest_is_proved(twice: str) -> None:
    lines = ("param n: int = 3", "input logits: f32[B, 10]", "input label: i32[B]", twice, twice, "output y = log_softmax(logits)[label]")
    text = "netspec 1\nmodel Chosen {\n" + "".join(f"  {line}\n" for line in lines) + "}\nexpect Chosen { params == 1 }\n"
    slugs = [slug for slug, _ in found(text)]
    assert slugs.count("duplicate-name") >= 1 and "expect-failed" in slugs, slugs


BY_SIZE = """block K {
  param n: int = D
  input x: f32[B, D]
  output x -> dense(n)
}
model M {
  input x: f32[B, 3]
  output y = x -> K
}"""


@pytest.mark.parametrize("head", ["model M {\n  param n: int = B\n  input x: f32[B, 3]\n  output y = x -> dense(n)\n}", BY_SIZE])
def test_a_default_that_is_a_size_of_an_input_is_refused(head: str) -> None:
    """Before, the whole model was left out in silence."""
    assert slugs(check(Source("m.net", f"netspec 1\n{head}\n"))) == ["not-static"]
