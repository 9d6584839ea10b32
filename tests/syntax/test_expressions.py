"""How expressions are read: precedence, chains, calls, numbers."""

from __future__ import annotations

import pytest

from netspec.syntax import tree
from netspec.syntax.printer import print_expr
from netspec.syntax.tree_walk import strip_parens
from tests.syntax.drawing import draw
from tests.syntax.texts import value

READINGS = [
    ("a + b * c", "(+ a (* b c))"),
    ("a - b - c", "(- (- a b) c)"),
    ("a // b % c @ d / e", "(/ (@ (% (// a b) c) d) e)"),
    ("-a ** b", "(- (** a b))"),
    ("a ** -b", "(** a (- b))"),
    ("a ** b ** c", "(** a (** b c))"),
    ("64 * 2**i", "(* 64 (** 2 i))"),
    ("not a == b and c or d", "(or (and (not (== a b)) c) d)"),
    ("a + 1 <= b", "(<= (+ a 1) b)"),
    ("x + y -> relu", "(-> (+ x y) relu)"),
    ("(x + y) -> relu", "(-> paren((+ x y)) relu)"),
    ("x + (x -> f)", "(+ x paren((-> x f)))"),
    ("x -> f -> g(1, k=2)", "(-> x f g(1 k=2))"),
    ("x -> stem: conv(64, 7)", "(-> x stem:conv(64 7))"),
    ("x -> [B, 7, 7, 64] -> flatten", "(-> x shape[B 7 7 64] flatten)"),
    ("x -> [..., 4 * D]", "(-> x shape[... (* 4 D)])"),
    ("x -> []", "(-> x shape[])"),
    ("x -> wte.attend", "(-> x wte.attend)"),
    ("(q, kv) -> attention(heads=8)", "(-> tuple(q kv) attention(heads=8))"),
    ("(query=q, memory=kv) -> attention", "(-> tuple(query=q memory=kv) attention)"),
    ("(q,) -> f", "(-> tuple(q) f)"),
    ("conv(3, stride=if i > 0 { 2 } else { 1 })", "conv(3 stride=(if (> i 0) 2 1))"),
    ("if a { b } else if c { d } else { e }", "(if a b (if c d e))"),
    ("if a { x -> f } else { x }", "(if a (-> x f) x)"),
    ("f(x -> g, [a, b,],)", "f((-> x g) [a b])"),
    ("x[:, None]", "x[slice(_ _ _) none]"),
    ("x[..., 0]", "x[... 0]"),
    ("x[[0, 33]]", "x[[0 33]]"),
    ("x[1:, :-1, a:b:c]", "x[slice(1 _ _) slice(_ (- 1) _) slice(a b c)]"),
    ("x[0][1]", "x[0][1]"),
    ("reshape([B, 7*7*128])", "reshape([B (* (* 7 7) 128)])"),
    ("{label: i32[], x: f32[13]}", "{label:i32[] x:f32[13]}"),
    ('{"embed/**": adam(1e-4), else: sgd(0.1)}', "{'embed/**':adam(0.0001) else:sgd(0.1)}"),
    ("{}", "{}"),
    ("f(a={b: {c: 1}})", "f(a={b:{c:1}})"),
    ("[]", "[]"),
    ("[60 epochs, 1 epoch, 2_000 steps]", "[60 epoch 1 epoch 2000 step]"),
    ("f(true, false, none, inf, -inf)", "f(true false none inf (- inf))"),
    ("where(m, a, b) + step(0.1)", "(+ where(m a b) step(0.1))"),
    ("input + train - state", "(- (+ input train) state)"),
    ('"a \\"b\\" \\\\ \\n \\u00e9"', repr('a "b" \\ \n é')),
]


@pytest.mark.parametrize(("text", "drawn"), READINGS, ids=[r[0] for r in READINGS])
def test_reading(text: str, drawn: str) -> None:
    assert draw(value(text)) == drawn


@pytest.mark.parametrize("text", [r[0] for r in READINGS])
def test_printed_and_read_again_it_is_the_same(text: str) -> None:
    node = value(text)
    assert strip_parens(value(print_expr(node))) == strip_parens(node)


NUMBERS = [("10_000", 10_000, ""), ("1e-4", 1e-4, ""), ("30M", 30_000_000, ""), ("1.5k", 1500, ""), ("2T", 2 * 10**12, "")]
NUMBERS += [("4GiB", 4 << 30, "bytes"), ("512KiB", 512 << 10, "bytes"), ("0.5", 0.5, ""), ("1e3", 1000.0, ""), ("3G", 3 * 10**9, "")]


@pytest.mark.parametrize(("text", "number", "unit"), NUMBERS)
def test_numbers(text: str, number: float, unit: str) -> None:
    node = value(text)
    assert isinstance(node, tree.Number)
    assert (node.text, node.value, type(node.value), node.unit) == (text, number, type(number), unit)


def test_spans_are_those_of_the_text() -> None:
    node = value("a + f(b, k=c) -> stem: g(1)")
    assert isinstance(node, tree.Chain) and isinstance(node.head, tree.Binary) and isinstance(node.head.right, tree.Call)
    assert node.span.text == "a + f(b, k=c) -> stem: g(1)"
    assert (node.head.span.text, node.head.op_span.text, node.head.right.args[1].name_span.text) == ("a + f(b, k=c)", "+", "k")
    (stage,) = node.stages
    assert isinstance(stage, tree.Stage) and (stage.span.text, stage.label_span.text, stage.call.span.text) == (
        "stem: g(1)",
        "stem",
        "g(1)",
    )


PRINTED = [
    ("((a))", "a"),
    ("(a * b) + c", "a * b + c"),
    ("a * (b + c)", "a * (b + c)"),
    ("a - (b - c)", "a - (b - c)"),
    ("(a ** b) ** c", "(a**b)**c"),
    ("(-a) ** b", "(-a)**b"),
    ("x + y -> relu", "(x + y) -> relu"),
    ("x + x -> norm", "x + x -> norm"),
    ("f((x -> g))", "f(x -> g)"),
    ("(x -> f) -> g", "(x -> f) -> g"),
    ("(if a { b } else { c }) + 1", "(if a { b } else { c }) + 1"),
    ("not (a and b)", "not (a and b)"),
    ("(a < b) == c", "(a < b) == c"),
    ("x[:, None]", "x[:, none]"),
    ('"é\\u200b"', '"é\\u200b"'),
]


@pytest.mark.parametrize(("text", "printed"), PRINTED, ids=[p[0] for p in PRINTED])
def test_parentheses_stand_where_they_are_needed(text: str, printed: str) -> None:
    assert print_expr(value(text)) == printed
