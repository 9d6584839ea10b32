"""Loops read as people read them: lists taken apart, comprehensions, records, and functions of static values, with their mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netspec.compile import check
from netspec.diagnostics.drawing.text import render_text
from netspec.diagnostics.edits import edits_of, repair_text
from netspec.ir.paths import parameters
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.source import Source
from netspec.syntax.parser import parse
from netspec.syntax.twin import parse_json, to_json
from netspec.testing.checks import hold
from netspec.tools.ir_drawing import draw_ir

TRAPS = Path(__file__).parent / "traps"


def spec(statements: str, head: str = "") -> str:
    """A model of these lines, with an input `x` and, where they have none, an output of it."""
    output = "" if "output" in statements else "\n  output y = x"
    return f"netspec 1\n\n{head}\n\nmodel M {{\n  input x: f32[B, 8]\n  {statements}{output}\n}}\n"


def shapes(text: str) -> list[str]:
    """The shapes of a clean spec's kernels, in their order."""
    checked = check(Source("m.net", text))
    assert checked.ok and checked.typed is not None, render_text(checked.problems)
    found = parameters(checked.typed.models["M"])
    return [",".join(map(str, weight.shape)) for path, weight in found.items() if path.endswith("kernel")]


def test_pairs_are_taken_apart() -> None:
    text = (TRAPS / "13-for-two-names-over-pairs.net").read_text(encoding="utf-8")
    assert shapes(text) == ["3,3,4,8", "5,5,8,8"]


FUNCTIONS = """let half(v: float, up: bool = false) = if up { ceil(v / 2) } else { floor(v / 2) }
let third(v: int) = half(v, up=true) + half(v) - v + v // 3
param table: list[{w: int, act: layer?}] = [{w: 3, act: tanh}, {w: 5}]"""
MEANT = {
    "for w in [4, 5] { x = x -> dense(w) }": ["8,4", "4,5"],
    "for i, w in enumerate([4, 5]) { x = x -> dense(w + i) }": ["8,4", "4,6"],
    "for i, w in enumerate([4, 5], 1) { x = x -> dense(w + i) }": ["8,5", "5,7"],
    "for a, b in [(4, 5), [6, 7]] { x = x -> dense(a) -> dense(b) }": ["8,4", "4,5", "5,6", "6,7"],
    "for (a, b) in [(4, 5)] { x = x -> dense(a) -> dense(b) }": ["8,4", "4,5"],
    "for a, _, c in [[4, 0, 5]] { x = x -> dense(a) -> dense(c) }": ["8,4", "4,5"],
    "for i, (a, b) in enumerate(zip([4, 5], [6, 7])) { x = x -> dense(a) -> dense(b + i) }": ["8,4", "4,6", "6,5", "5,8"],
    "for a, (b, (c, d)) in [(4, (5, (6, 7)))] { x = x -> dense(a + b) -> dense(c + d) }": ["8,9", "9,13"],
    "for a, b, c in zip([4], [5], [6]) { x = x -> dense(a + b + c) }": ["8,15"],
    "for a, b in [] { x = x -> dense(a + b) }": [],
    "for f, w in [(relu, 4), (tanh, 5)] { x = x -> dense(w) -> f }": ["8,4", "4,5"],
    "z = x -> dense(4)\n  for a, b in [(x, 2), (z, 3)] { x = a -> dense(b) }": ["8,4", "8,2", "4,3"],
    "x = concat([x -> dense(w) for w in [4, 5] for _ in range(2) if w in [5]], axis=1)": ["8,5", "8,5"],
    "x = sum([x -> f for f in [dense(8), dense(8) -> relu]])": ["8,8", "8,8"],
    "x = concat([f(x) for f in [dense(3), dense(4)]], axis=1)": ["8,3", "8,4"],
    "for half, max in [(4, 5)] { x = x -> dense(half(half)) -> dense(max(max, 3)) }": ["8,2", "2,5"],
    "for dense in [4, 5] { x = x -> dense(dense) }": ["8,4", "4,5"],
    "for s in [{w: 4, sub: {k: 5}}] { x = x -> dense(s.w) -> dense(s.sub.k) }": ["8,4", "4,5"],
    "x = x -> dense(table[-1].w) -> dense(sum([s.w for s in table]))": ["8,5", "5,8"],
    "x = x -> dense(half(9)) -> dense(half(9, true)) -> dense(third(9))": ["8,4", "4,5", "5,3"],
    "x = x -> dense(if 3 in [s.w for s in table] and 4 not in [1, 2] { 7 } else { 1 })": ["8,7"],
}


def it_means_that(statements: str) -> None:
    assert shapes(spec(statements, FUNCTIONS)) == MEANT[statements]


def its_twin_means_the_same(statements: str) -> None:
    text = spec(statements, FUNCTIONS)
    file, _ = parse(Source("m.net", text))
    assert file is not None
    data, problems = to_json(file)
    again, found = parse_json(Source("m.json", data))
    assert not problems and not found and again == file
    before, after = check(Source("m.net", text)).typed, check(Source("m.json", data)).typed
    assert before is not None and after is not None
    assert draw_ir(before.models["M"]) == draw_ir(after.models["M"])


def test_loops_mean_what_they_say() -> None:
    hold((it_means_that, its_twin_means_the_same), *MEANT)


def test_a_comprehension_of_layers_is_the_list_that_a_loop_makes() -> None:
    made = "ys = [x -> part: dense(w) -> relu for w in [4, 5]]\n  output y = concat(ys, axis=1)"
    grown = "ys = []\n  for w in [4, 5] { ys = ys + [x -> part: dense(w) -> relu] }\n  output y = concat(ys, axis=1)"
    first, second = (check(Source("m.net", spec(text))).typed for text in (made, grown))
    assert first is not None and second is not None
    assert draw_ir(first.models["M"]) == draw_ir(second.models["M"])
    assert sorted(parameters(first.models["M"])) == ["part_0/bias", "part_0/kernel", "part_1/bias", "part_1/kernel"]


def test_the_old_form_is_an_error_that_writes_the_new_one() -> None:
    text = spec("for i, w in [4, 5] { x = x -> dense(w + i) }")
    (problem,) = check(Source("m.net", text)).problems
    assert problem.slug() == "unequal-items" and "`for i, w in enumerate([4, 5])`" in (problem.help() or "")
    assert shapes(repair_text(problem.at.source, [problem])) == ["8,4", "4,6"]


FUNCTION = "let f(a: int, b: int = 2) = a + b"
WRONG = {
    ("for a, b, c in [[1, 2], [3, 4]] { x = x -> dense(a + b + c) }", ""): ("unequal-items", "a, (b, c) in enumerate("),
    ("for a, b in [[1, 2], [3]] { x = x -> dense(a + b) }", ""): ("unequal-items", "same number of parts"),
    ("for a, b in [[1, 2, 3], [3, 4, 5]] { x = x -> dense(a + b) }", ""): ("unequal-items", "`for a, b, _ in"),
    ("for a, b in [[1, 2, 3, 4]] { x = x -> dense(a + b) }", ""): ("unequal-items", "`for a, b, _, _ in"),
    ("for a, b in range(1, 3) { x = x -> dense(a + b) }", ""): ("unequal-items", "enumerate(range(1, 3))"),
    ("for a, b in [x, x] { x = b -> dense(a + 1) }", ""): ("unequal-items", "enumerate([x, x])"),
    ('for a, b in ["ab", "cd"] { x = x -> dense(2) }', ""): ("unequal-items", 'enumerate(["ab", "cd"])'),
    ("for a, (b, c) in [[1, 2]] { x = x -> dense(a + b + c) }", ""): ("unequal-items", "brackets"),
    ("for w, d in [{w: 1, d: 2}] { x = x -> dense(w + d) }", ""): ("unequal-items", "`s.w`"),
    ("z = [a + b for a, b in [1, 2]]\n  output y = x -> dense(z[0])", ""): ("unequal-items", "enumerate([1, 2])"),
    ('for a, b in "ab" { x = x -> dense(2) }', ""): ("not-static", ""),
    ('for a in "ab" { x = x -> dense(2) }', ""): ("not-static", '["ab"]'),
    ("for i in 3 { x = x -> dense(i + 1) }", ""): ("not-static", "range(3)"),
    ("for i, j in 3 { x = x -> dense(i + j + 1) }", ""): ("not-static", "enumerate(range(3))"),
    ("for t in x { x = x -> dense(2) }", ""): ("not-static", "`rnn`"),
    ("for i in B { x = x -> dense(2) }", ""): ("not-static", "`rnn`"),
    ("for k, v in {p: 1, q: 2} { x = x -> dense(v) }", ""): ("not-static", '[["p", 1], ["q", 2]]'),
    ("for x in [1, 2] { }", ""): ("duplicate-name", "another name"),
    ("y = [x -> dense(3) for x in [1, 2]]", ""): ("duplicate-name", "another name"),
    ("for a, b in zip([1, 2], [1, 2, 3]) { x = x -> dense(a + b) }", ""): ("bad-operands", "one length"),
    ("for s in [{width: 1}] { x = x -> dense(s.widht) }", ""): ("unknown-name", "did you mean `width`?"),
    ("x = x -> dense([{width: 1}][0].wide)", ""): ("unknown-name", "`width`"),
    ('s = {width: 1}\n  output y = x -> dense(s["width"])', ""): ("bad-operands", "`s.width`"),
    ("s = [{width: 1}]\n  output y = x -> dense(s.width)", ""): ("bad-operands", "`s[0].width`"),
    ("s = 3\n  output y = x -> dense(s.width)", ""): ("bad-operands", ""),
    ("x = x -> dense(table[0].w)", "param table: list[{w: int}] = [{w: 2}, {wd: 3}]"): ("bad-argument", "did you mean `w`?"),
    ("x = x -> dense(table[0].w)", "param table: list[{w: int, d: int}] = [{w: 2}]"): ("bad-argument", "`?`"),
    ("x = x -> dense(table[0].w)", "param table: list[{w: int}] = [{w: 2.5}]"): ("bad-argument", ""),
    ("x = x -> dense(table[0].w)", "param table: list[dict] = [{w: 2}]"): ("unknown-name", "`{width: int, stride: int?}`"),
    ("z = x in [1, 2]\n  output y = where(z, x, 0.0)", ""): ("bad-operands", "`x == 1 or x == 2`"),
    ("z = 1 in x\n  output y = where(z, x, 0.0)", ""): ("bad-operands", "list"),
    ("x = x -> dense(if 1 in 2 { 1 } else { 2 })", ""): ("bad-operands", "list"),
    ("x = x -> dense(f(1, 2, 3))", FUNCTION): ("too-many-arguments", "`f(a, b)`"),
    ("x = x -> dense(f(1, a=3))", FUNCTION): ("too-many-arguments", "`f(a, b)`"),
    ("x = x -> dense(f())", FUNCTION): ("missing-argument", "`f(a, b)`"),
    ("x = x -> dense(f(1, c=3))", FUNCTION): ("unknown-argument", "`a`, `b`"),
    ('x = x -> dense(f("a"))', FUNCTION): ("bad-argument", ""),
    ("x = x -> dense(f(2.5))", FUNCTION): ("bad-argument", ""),
    ("x = x -> dense(f)", FUNCTION): ("wrong-kind", "call it"),
    ("x = x -> f(3)", FUNCTION): ("not-callable", "`dense(f(…))`"),
    ("x = f(x)", FUNCTION): ("tensor-in-function", "block"),
    ("x = f([x])", "let f(a: list) = a[0]"): ("tensor-in-function", "block"),
    ("x = x + f(8)", "let f(a: int) = zeros([a])"): ("tensor-in-function", "block"),
    ("x = x -> dense(f(3))", "let f(a: int) = if a < 2 { a } else { f(a - 1) }"): ("recursive-function", "[f(x) for x in xs]"),
    ("", "let f(a: int) = g(a)\nlet g(a: int) = h(a)\nlet h(a: int) = f(a)"): ("recursive-function", "[f(x) for x in xs]"),
    ("", 'let f(a: int = "x") = a'): ("bad-argument", ""),
    ("", "let f(a: flot) = a"): ("unknown-name", "`float`"),
    ("", "let f(a: int) = a + b"): ("unknown-name", ""),
    ("", "let f(a: int, a: int) = a"): ("duplicate-name", ""),
    ("", "let relu(a: int) = a"): ("duplicate-name", "`my_relu`"),
    ("", "let max(a: int) = a"): ("duplicate-name", "`my_max`"),
    ("", "let M(a: int) = a"): ("duplicate-name", ""),
    ("", "param f: int = 3\nlet f(a: int) = a + f"): ("duplicate-name", ""),
    ("", "let f(_a: int) = relu(3)"): ("not-a-tensor", ""),
    ("", "let f(a: int) = if a > 2 { g(1, 2) } else { 3 }\nlet g(a: int) = a"): ("too-many-arguments", "`g(a)`"),
    ("", "let f(xs: list[int]) = [relu(2) for _ in xs]"): ("not-a-tensor", ""),
    ("", "let f(s: {width: int}) = s.widht"): ("unknown-name", "`width`"),
    ("", "param a: int = f(1)\nlet f(x: int) = x + a"): ("circular-params", ""),
    ("x = x -> dense(f(3))", "let f = 3"): ("bad-function", "`param f: int = …`"),
    ("x = x -> dense(f(3))", "let f(a) = a"): ("bad-function", "`let f(a: int) = a`"),
}
Mistake = tuple[str, str]


def one_problem_says_what_to_type(mistake: Mistake) -> None:
    problems = [p for p in check(Source("m.net", spec(*mistake))).problems if p.severity == "error"]
    slug, words = WRONG[mistake]
    assert [p.slug() for p in problems] == [slug], render_text(problems)
    assert words in (problems[0].help() or ""), problems[0].help()


def its_repair_is_clean(mistake: Mistake) -> None:
    problems = check(Source("m.net", spec(*mistake))).problems
    if any(edits_of(p) for p in problems):
        left = check(Source("m.net", repair_text(problems[0].at.source, problems))).problems
        assert not left, render_text(left)


def test_each_mistake_is_one_problem_with_its_repair() -> None:
    hold((one_problem_says_what_to_type, its_repair_is_clean), *WRONG)


UNUSED = [
    "let f(a: int) = a + 1",
    "let f(s: {w: int}?) = s.w",
    "let f(xs: list[int]) = [x * 2 for x in xs if x > 2 and x not in xs]",
    "let f(a: layer, b: list[layer]) = [l -> a for l in b]",
    "let f(v: float) = max(8, floor(v + 1) // 2)",
    "block P {\n  param s: {w: int, k: {a: int}}\n  input x: f32[B, D]\n  output x -> dense(s.w + s.k.a)\n}",
    "block P {\n  param s: list[{w: int}]\n  input x: f32[B, D]\n  for t in s { x = x -> dense(t.w) }\n  output x\n}",
]


def it_is_clean(head: str) -> None:
    problems = check(Source("m.net", spec("", head))).problems
    assert not problems, render_text(problems)


def test_what_nothing_uses_is_clean_where_some_use_is_right() -> None:
    hold((it_is_clean,), *UNUSED)


LIBRARY = "netspec 1\n\nparam by: int = 4\n\nlet rounded(v: float) = ceil(v / by) * by\n\nlet twice(v: float) = 2 * rounded(v)\n"
USED = """netspec 1

import twice as double, rounded from "library.net"

param width: float = 3.5

block Part {
  param features: int = rounded(2.5)
  input x: f32[B, D]
  output x -> dense(features + double(D / 8) - 8)
}

model M {
  param widths: list[int] = [rounded(width * w) for w in [1, 2]]
  input image: f32[B, 8, 8, 1]
  x = image -> flatten
  for w in widths { x = x -> dense(w) }
  output y = x -> Part -> dense(10)
}

train M(widths=[double(w) for w in [1, 2]]) {
  data = digits() -> batch(rounded(30))
  loss = softmax_cross_entropy(y, label)
  optimizer = adam(0.001 * rounded(3))
  duration = 1 epoch
}

expect M { params == 64 * 4 + 4 + 4 * rounded(7) + 8 + 9 * rounded(4) + 50 }
"""


def test_functions_are_seen_in_every_section_and_from_other_files(tmp_path: Path) -> None:
    (tmp_path / "library.net").write_text(LIBRARY, encoding="utf-8")
    (tmp_path / "m.net").write_text(USED, encoding="utf-8")
    checked = check(tmp_path / "m.net")
    assert checked.ok and checked.typed is not None, render_text(checked.problems)
    assert [str(w.shape) for p, w in parameters(checked.typed.trains[0].model).items() if p.endswith("0/kernel")][0] == "(64, 8)"
    wide = check(tmp_path / "m.net", overrides={"M.widths": "[double(5)]"})
    assert wide.ok and wide.typed is not None, render_text(wide.problems)
    assert [str(w.shape) for w in parameters(wide.typed.models["M"]).values()][:1] == ["(64, 16)"]


def test_an_import_of_a_function_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "library.net").write_text(LIBRARY, encoding="utf-8")
    (tmp_path / "m.net").write_text(USED.replace("rounded from", "round_up as rounded from"), encoding="utf-8")
    (problem,) = check(tmp_path / "m.net").problems
    assert problem.slug() == "unknown-name" and "rounded" in (problem.help() or "")


LARGE = {
    "functions that double": ("x = x -> dense(f12(1))", "\n".join(f"let f{i + 1}(a: int) = f{i}(a) + f{i}(a)" for i in range(12))),
    "a chain of functions": ("x = x -> dense(f90(1))", "\n".join(f"let f{i + 1}(a: int) = f{i}(a)" for i in range(90))),
    "deep expressions": ("x = x -> dense(f9(1))", "\n".join(f"let f{i + 1}(a: int) = {'-' * 98}f{i}(a)" for i in range(9))),
    "loops in a list": ("z = [1 for a in range(9000) for b in range(9000) if a == b]\n  output y = x -> dense(len(z))", ""),
    "lists in a list": ("z = [[range(900) for a in range(900)] for b in range(900)]\n  output y = x -> dense(len(z))", ""),
    "layers in a list": ("z = [x -> dense(8) for a in range(90) for b in range(90)]\n  output y = z[0]", ""),
    "a list in every list": ("r = range(9000)\n  z = [a for a in r if a in r]\n  output y = x -> dense(len(z))", ""),
    "many loops": ("z = [1 " + " ".join(f"for a{i}, b{i} in [[1, 2]]" for i in range(400)) + "]\n  output y = x -> dense(len(z))", ""),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_is_too_large_is_refused_soon(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netspec.infer.frame.LIMITS", replace(LIMITS, values=10_000))  # the whole budget takes a second and more
    statements, functions = LARGE[name]
    problems = check(Source("m.net", spec(statements, f"let f0(a: int) = a\n{functions}"))).problems
    assert {p.slug() for p in problems} <= {"expansion-too-large", "too-large"} and (problems or name == "deep expressions")


def test_a_circle_of_many_functions_is_one_problem() -> None:
    circle = "\n".join(f"let f{i}(a: int) = f{(i + 1) % 900}(a)" for i in range(900))
    assert [p.slug() for p in check(Source("m.net", spec("", circle))).problems] == ["recursive-function"]


def test_the_twin_has_functions_and_loop_names() -> None:
    file, _ = parse(Source("m.net", spec("for i, (a, b) in enumerate([(1, 2)]) { x = x -> dense(a + b + i) }", FUNCTION)))
    assert file is not None
    sections = json.loads(to_json(file)[0])["sections"]
    assert sections[0] == {"kind": "let", "blank_before": True, "name": "f", "params": ["a: int", "b: int = 2"], "value": "a + b"}
    assert next(s for s in sections[1]["body"] if s["kind"] == "for")["names"] == ["i", "(a, b)"]


SUPERVISED = """netspec 1

model M {
  input image: f32[B, 8, 8, 1]
  x = image -> flatten
  output a = x -> dense(10)
  output b = x -> dense(10)
}

train M {
  data = digits() -> batch(32)
  loss = LOSS
  optimizer = adam(0.001)
  duration = 1 epoch
}
"""


def test_losses_of_a_list_add_up() -> None:
    of_list = "sum([w * softmax_cross_entropy(l, label) for l, w in [(a, 1.0), (b, 0.3)]])"
    written = "1.0 * softmax_cross_entropy(a, label) + 0.3 * softmax_cross_entropy(b, label)"
    first, second = (check(Source("m.net", SUPERVISED.replace("LOSS", loss))) for loss in (of_list, written))
    assert first.ok and second.ok and first.typed is not None and second.typed is not None, render_text(first.problems)
    made, meant = (typed.trains[0].objective for typed in (first.typed, second.typed))
    assert draw_ir(made.body) == draw_ir(meant.body) and draw_ir(made.finish) == draw_ir(meant.finish)
