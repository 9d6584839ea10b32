"""Bodies in detail: shapes written, indexing, static values, loops, phases, weights and buffers."""

from __future__ import annotations

import pytest

from netspec.ir import Apply, Literal, Repeat, Variable, When
from netspec.ir.paths import parameters
from tests.infer.elaborated import of_image, said, size, wires
from tests.infer.specs import body, in_model, model, ops, problems


@pytest.mark.parametrize(
    "shape", ["[..., 8, 5]", "[B, ..., 5]", "[B, 6, ...]", "[...]", "[B, 6, 8, 5, ...]", "[B, 6, ..., 8, 5]", "[B, 6, 8, 5]"]
)
def test_dots_stand_for_any_axes(shape: str) -> None:
    assert problems(of_image(f"x -> relu -> {shape} -> relu")) == ()
    assert problems(of_image("z").replace("  output", f"  z: f32{shape} = x -> relu\n  output")) == ()


@pytest.mark.parametrize(
    ("shape", "finding"),
    [
        ("[..., 7, 5]", "axis 2 is 8, not 7"),
        ("[..., 8, 4]", "axis 3 is 5, not 4"),
        ("[B, 7, ..., 5]", "axis 1 is 6, not 7"),
        ("[..., 6, 7, 5]", "axis 2 is 8, not 7"),
        ("[..., 6, 8, 4]", "axis 3 is 5, not 4"),
        ("[B, 6, ..., 8, 4]", "axis 3 is 5, not 4"),
        ("[3, ..., 5]", "nothing says that axis 0, B, is 3"),
        ("[B, ..., 6, 6, 8, 5]", "4 axes, not 6"),
        ("[B, 6, 8]", "4 axes, not 3"),
        ("[B, 6, 9, 5]", "axis 2 is 8, not 9"),
    ],
)
def test_a_shape_that_is_not_so_names_the_axis(shape: str, finding: str) -> None:
    [problem] = problems(of_image(f"x -> {shape}"))
    assert (problem.slug(), problem.at.text) == ("type-mismatch", shape)
    assert problem.message().endswith(finding) or finding in problem.message()
    assert problem.help() == "write `[B, 6, 8, 5]`"


@pytest.mark.parametrize(
    ("expression", "shape"),
    [
        ("x[:, [0, 3], 1:3]", "f32[B, 2, 2, 5]"),
        ("x[:, 1:3, [0, 2, 4]]", "f32[B, 2, 3, 5]"),
        ("x[0, [1], none]", "f32[1, 1, 8, 5]"),
        ("x[:, 2, [0, 2, 4], 1]", "f32[B, 3]"),
        ("x[..., 1:4]", "f32[B, 6, 8, 3]"),
        ("x[:, -1, ::2, none]", "f32[B, 4, 1, 5]"),
    ],
)
def test_what_indexing_leaves(expression: str, shape: str) -> None:
    assert str(model(of_image(expression)).output_types()["y"]) == shape


@pytest.mark.parametrize(
    ("expression", "slug", "words"),
    [
        ("x[1]", "unproven-size", "x[1]"),
        ("x[:, [0, 9]]", "index-outside-axis", "[0, 9]"),
        ("x[[0], [9]]", "index-outside-axis", "[9]"),
        ("x[:, 0.5:]", "bad-operands", "0.5"),
        ("x[0, 0, 0, 0, 0]", "too-many-indices", "x[0, 0, 0, 0, 0]"),
    ],
)
def test_what_indexing_refuses(expression: str, slug: str, words: str) -> None:
    assert said(of_image(expression)) == [(slug, words)]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 ** 6", 64),
        ("1 ** 100 + 0 ** 70", 1),
        ("2 ** 62 // 2 ** 60", 4),
        ("7 // 2 * 2 + 7 % 4", 9),
        ("[1, 2, 3][1:][0] + len([1, 2]) + range(3)[2]", 6),
        ("round(2.5) + floor(2.7) + ceil(2.1) + max(3, 4) + min(3, 4)", 14),
        ("sum([1, 2, 3]) + len(reverse([1, 2]))", 8),
        ("if 2 > 1 and not 3 > 4 { 3 } else { 4 }", 3),
        ("if 2 == 2.0 or 1 / 0 > 1 { 5 } else { 4 }", 5),
        ("max([3, 9, 2])", 9),
        ("-(-3)", 3),
        ("0 - (-3)", 3),
        ("0 // (-1) + 5 + 0 % (-2)", 5),
    ],
)
def test_static_arithmetic(expression: str, value: int) -> None:
    assert size(expression) == value


@pytest.mark.parametrize(
    ("expression", "slug", "message"),
    [
        ("2 ** 65", "size-out-of-range", "is 65, but it must be at most 64"),
        ("(-2) ** 65", "size-out-of-range", "at most 64"),
        ("7 / 0", "bad-operands", "the number `7` and zero"),
        ("7 % 0", "bad-operands", "and zero"),
        ("7 // 0", "bad-operands", "and zero"),
        ("0 ** (-1)", "bad-operands", "zero and the number `-1`"),
        ("[1, 2, 3][5]", "index-out-of-range", "there is no item 5 in a list of 3"),
        ("if B > 1 { 3 } else { 4 }", "cannot-decide", "`B > 1`"),
        ("3 + none", "bad-operands", "`+`"),
    ],
)
def test_static_mistakes(expression: str, slug: str, message: str) -> None:
    [problem] = problems(in_model(f"  n = {expression}\n  output y = x -> dense(n)"))
    assert problem.slug() == slug and message in problem.message()


def test_tensors_in_a_list_are_folded_from_the_left() -> None:
    found = body("  output y = sum([x, x -> relu, 2])")
    assert ops(found) == ["relu", "add", "add"] and [n.inputs for n in found.nodes] == [(0,), (0, 1), (2, Literal(2))]
    assert ops(body("  output y = min([x, 3, x])")) == ["minimum", "minimum"]
    assert wires("  output y = max([1, 2, x])") == [(Literal(2), 0)], "numbers among themselves are folded at once"


def test_a_loop_with_a_counter() -> None:
    found = body("  for i, v in enumerate([4, 6]) { x = x -> dense(v + i) }\n  output y = x")
    assert [n.op.features for n in found.nodes if isinstance(n, Apply)] == [4, 7]
    assert said(in_model("  for v in 3 { x = x -> dense(v) }\n  output y = x")) == [("not-static", "3")]


def test_only_names_from_outside_stay_after_a_loop() -> None:
    found = problems(in_model("  for v in [4, 6] { t = x -> dense(v); x = t }\n  output y = t"))
    assert found and found[0].at.text == "t"


def test_numbers_of_nested_repeats_count_on() -> None:
    paths = list(parameters(body("  repeat 2 { repeat 3 { x = x -> dense(8, bias=false) -> dense(8, bias=false) } }\n  output y = x")))
    assert sorted(paths, key=lambda path: int(path.split("/")[0][6:])) == [f"dense_{i}/kernel" for i in range(12)]
    one = body("  x = x -> dense(8)\n  repeat 3 { x = x -> dense(8) }\n  output y = x -> dense(8)")
    assert [path for path in parameters(one) if "kernel" in path] == [f"dense_{i}/kernel" for i in range(5)]
    [repeat] = [n for n in one.nodes if isinstance(n, Repeat)]
    assert repeat.count == 3


def test_what_a_phase_changes_and_what_it_leaves() -> None:
    found = body("  z = x -> tanh\n  when eval { z = z -> relu -> tanh; q = z -> relu; x = q }\n  output y = z + x")
    [when] = [n for n in found.nodes if isinstance(n, When)]
    assert (when.phase, ops_of(when), when.inside, when.otherwise, when.outputs) == (
        "eval",
        ["relu", "tanh", "relu"],
        (3, 4),
        (1, 0),
        (5, 6),
    )
    [last] = [n for n in found.nodes if isinstance(n, Apply) and n.op.op_name() == "add"]
    assert last.inputs == (5, 6) and [str(t) for t in found.output_types().values()] == ["f32[B, 8]"]


def ops_of(region: When) -> list[str]:
    return [n.op.op_name() for n in region.nodes if isinstance(n, Apply)]


@pytest.mark.parametrize(
    ("statements", "slug", "words"),
    [
        ("  when train { x = x -> dense(4) }\n  output y = x", "repeat-changes", "x = x -> dense(4)"),
        ("  n = 3\n  when train { n = 4 }\n  output y = x -> dense(n)", "repeat-changes", "n = 4"),
        ("  z = x\n  when train { z = z -> relu; x = x -> dense(4) }\n  output y = x + z", "repeat-changes", "x = x -> dense(4)"),
        ("  when training { x = x -> relu }\n  output y = x", "unknown-name", "when training { x = x -> relu }"),
    ],
)
def test_phases_that_cannot_be(statements: str, slug: str, words: str) -> None:
    assert said(in_model(statements)) == [(slug, words)]


def test_a_buffer_remembers_its_last_value() -> None:
    found = body("  buffer m: f32[8] = zeros\n  when train { m = m * 2.0 }\n  output y = x + m")
    [buffer] = [n for n in found.nodes if isinstance(n, Variable)]
    [when] = [n for n in found.nodes if isinstance(n, When)]
    assert buffer.buffer and buffer.written == when.outputs[0] and when.otherwise == (buffer.output,)


def test_weights_have_shapes_of_numbers() -> None:
    found = body("  weight w: f32[8, 4] = normal(0.02)\n  output y = x @ w")
    assert list(parameters(found)) == ["w"] and str(found.output_types()["y"]) == "f32[B, 4]"
    assert said(in_model("  weight w: f32[B, 4] = normal(0.02)\n  output y = x + w")) == [("free-parameter", "f32[B, 4]")]
