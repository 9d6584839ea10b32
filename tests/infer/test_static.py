"""Static values: what arithmetic, comparisons and functions on numbers, sizes and lists are worth, and where they end."""

from __future__ import annotations

import pytest

from netspec.compile import Checked
from tests.infer.specs import checked

VALUES = {
    "2 + 3 * 4": 14,
    "(2 + 3) * 4": 20,
    "2 ** 3 ** 1": 8,
    "7 // 2": 3,
    "7 % 4": 3,
    "-7 // 2 + 5": 1,
    "- -3": 3,
    "10 - 4 - 3": 3,
    "2k // 1_000": 2,
    "1KiB // 512": 2,
    "len([1, 2, 3])": 3,
    "len(range(7))": 7,
    "range(9)[4]": 4,
    "range(2, 9)[1]": 3,
    "range(9, 2, -2)[1]": 7,
    "reverse([1, 2, 3])[0]": 3,
    "zip([1, 2], [3, 4])[1][0]": 2,
    "zip([1, 2], [3, 4])[0][1]": 3,
    "sum([1, 2, 3])": 6,
    "sum([]) + 1": 1,
    "sum(range(4))": 6,
    "min([3, 2, 5])": 2,
    "max(3, 2, 5)": 5,
    "floor(2.9)": 2,
    "ceil(2.1)": 3,
    "round(2.6)": 3,
    "floor(4)": 4,
    "[1, 2, 3][-1]": 3,
    "[1, 2, 3][1:][0]": 2,
    "[1, 2, 3][:2][1]": 2,
    "[1, 2, 3, 4][::2][1]": 3,
    "([1, 2] + [3])[2]": 3,
    "if 2 > 1 { 5 } else { 6 }": 5,
    "if 2 >= 3 { 5 } else { 6 }": 6,
    "if 2 <= 2 and 3 < 4 { 5 } else { 6 }": 5,
    "if 2 < 2 or 3 != 3 { 5 } else { 6 }": 6,
    "if not true { 5 } else { 6 }": 6,
    "if not (1 == 2) { 5 } else { 6 }": 5,
    'if "a" == "a" { 5 } else { 6 }': 5,
    'if "a" < "b" { 5 } else { 6 }': 5,
    "if [1, 2] == [1, 2] { 5 } else { 6 }": 5,
    "if none == none { 5 } else { 6 }": 5,
    "if H > 7 { 5 } else { 6 }": 5,
    "if H < 8 { 5 } else { 6 }": 6,
    "if H == H { 5 } else { 6 }": 5,
    "if 2 * H >= 16 { 5 } else { 6 }": 5,
    "if H % 2 == 0 { 5 } else { 6 }": 5,
    "n + 1": 4,
    "w[1] * n": 15,
    "H - H + 2": 2,
    "(H + 2) - H": 2,
    "(2 * H) // 2 - H + 1": 1,
    "sum([i * v for i, v in enumerate([3, 4])])": 4,
    "enumerate(w, 7)[1][0]": 8,
    "sum([a * b for a, b in zip(w, [10, 1]) if b not in [1]])": 40,
    "len([a for a in range(3) for b in range(a)])": 3,
    "sum([a + c for a, (b, c) in [(1, (2, 3)), [4, [5, 6]]]])": 14,
    "[[i * j for i in range(4)] for j in range(4)][2][3]": 6,
    "if 5 in w and n not in w { 5 } else { 6 }": 5,
    "if H in [200, 1] { 5 } else { 6 }": 6,
    "if relu in [gelu, relu] { 5 } else { 6 }": 5,
    "[{a: {b: 3}}][0].a.b": 3,
    "(H ** 2 - H * H) + 3": 3,
}
REFUSED = {
    "2 in 3": "bad-operands: `in` does not join the number `2` and the number `3`",
    "if H in [8, 200] { 1 } else { 2 }": "cannot-decide: cannot decide whether `H == 8`",
    "if x in [1] { 1 } else { 2 }": "bad-operands: `in` does not apply to a tensor f32[B, H, 8]",
    "enumerate(3)[0]": "bad-operands: `enumerate` does not apply to the number `3`",
    'enumerate(w, "a")[0]': 'bad-operands: `enumerate` does not apply to the string `"a"`',
    "enumerate(range(10_000))[0]": "size-out-of-range: the length of this list is more than 20,000, but it must be at most 20,000",
    "[1 for i in 3]": "not-static: what `for` runs over must be a list or `range(n)`, but this is the number `3`",
    "[i for i in [1, 2] if i]": "not-static: a condition must be true or false before anything runs, but this is the number `1`",
    "len([1 for a in range(900) for b in range(900)])": "expansion-too-large: `M` would expand to 300,790 values, and the limit is 300,000",
    "w[0].a": "bad-operands: `.a` does not apply to the number `4`",
    "[{a: 1}][0].b": "unknown-name: there is no field of `[{a: 1}][0]` called `b`",
    'n + "1"': 'bad-operands: `+` does not join the number `3` and the string `"1"`',
    "n / 0": "bad-operands: `/` does not join the number `3` and zero",
    "n // 0": "bad-operands: `//` does not join the number `3` and zero",
    "n % 0": "bad-operands: `%` does not join the number `3` and zero",
    "0 ** -1": "bad-operands: `**` does not join zero and the number `-1`",
    "(-8) ** 0.5": "bad-operands: `**` does not join the number `-8` and the number `0.5`",
    "2 ** 65": "size-out-of-range: the exponent of `2 ** 65` is 65, but it must be at most 64",
    "2 ** 63": "size-out-of-range: this number is 9,223,372,036,854,775,808, but it must be below 2**63",
    "H / 2": "bad-operands: `/` does not join the size `H` and the number `2`",
    "H // 0": "bad-operands: `//` does not join the size `H` and the number `0`",
    "H ** 65": "size-too-complex: this size has too many terms to be computed exactly",
    "H * 0.5": "bad-operands: `*` does not join the size `H` and the number `0.5`",
    "-[1]": "bad-operands: `-` does not apply to a list",
    "not 3": "bad-operands: `not` does not apply to the number `3`",
    "w[5]": "index-out-of-range: there is no item 5 in a list of 2",
    "w[-3]": "index-out-of-range: there is no item -3 in a list of 2",
    "w[H]": "bad-operands: `[ ]` does not join a list and the size `H`",
    "w[0.5]": "bad-operands: `[ ]` does not join a list and the number `0.5`",
    "w[0, 1]": "bad-operands: `[ ]` does not apply to a list",
    "n[0]": "bad-operands: `[ ]` does not apply to the number `3`",
    'w["a":]': 'bad-operands: `[:]` does not apply to the string `"a"`',
    "len(3)": "bad-operands: `len` does not apply to the number `3`",
    "len([1], [2])": "bad-operands: `len` does not apply to a list, a list",
    "range()": "bad-operands: `range` does not apply to nothing",
    "range(2.5)[0]": "bad-operands: `range` does not apply to the number `2.5`",
    "range(1, 2, 0)[0]": "bad-operands: `range` does not apply to a step of zero",
    "range(10_001)[0]": "size-out-of-range: the length of this range is 10,001, but it must be at most 10,000",
    "min([])": "bad-operands: `min` does not apply to an empty list",
    'max(1, "a")': 'bad-operands: `max` does not apply to the number `1`, the string `"a"`',
    "zip([1], [2, 3])[0]": "bad-operands: `zip` does not apply to lists of 1 and 2 items",
    "floor(inf)": "bad-operands: `floor` does not apply to the number `inf`",
    "floor(1, 2)": "too-many-arguments: `floor` gets more arguments than it has",
    "range(n=3)[0]": "unknown-argument: `range` has no argument `n`",
    "if 3 { 1 } else { 2 }": "not-static: a condition must be true or false before anything runs, but this is the number `3`",
    "if H > 9 { 1 } else { 2 }": "cannot-decide: cannot decide whether `H > 9`",
    'if 1 < "a" { 1 } else { 2 }': 'bad-operands: `<` does not join the number `1` and the string `"a"`',
    "if true and 3 { 1 } else { 2 }": "not-static: the right side of `and` must be true or false, but this is the number `3`",
    "[1, q][0]": "unknown-name: there is no value `q`",
    "{k: 1}": "bad-argument: `dense` wants a whole number or a list for `features`, not the dict `{k: 1}`",
    "5 epochs": "bad-argument: `dense` wants a whole number or a list for `features`, not the duration `5 epochs`",
    "none": "bad-argument: `dense` wants a whole number or a list for `features`, not `none`",
    "true": "bad-argument: `dense` wants a whole number or a list for `features`, not the truth value `true`",
    "2.5": "bad-argument: `dense` wants a whole number or a list for `features`, not the number `2.5`",
}


def spec(expression: str) -> Checked:
    """A model that makes a layer of `expression` features; H is even and at least 8."""
    params = "  param n: int = 3\n  param w: list[int] = [4, 5]\n"
    dims = "  dim H >= 8\n  require H % 2 == 0\n  dim H <= 100\n"
    uses = "  output m = x * n * w[0]\n"
    return checked(f"model M {{\n{params}  input x: f32[B, H, 8]\n{dims}{uses}  output y = x -> dense({expression})\n}}\n")


@pytest.mark.parametrize("expression", VALUES)
def test_values(expression: str) -> None:
    found = spec(expression)
    assert not found.problems and found.typed is not None, [p.message() for p in found.problems]
    assert found.typed.models["M"].nodes[-1].op.features == VALUES[expression]  # type: ignore[union-attr]


@pytest.mark.parametrize("expression", REFUSED)
def test_refusals(expression: str) -> None:
    assert [f"{p.slug()}: {p.message()}" for p in spec(expression).problems] == [REFUSED[expression]]
