"""How the time of a check grows with the size of a spec: `python -m tests.benchmarks.growth [NAME …] [--rounds N]`.

Each row is a kind of text that a parser, a solver or a hint could take longer than its size for: long chains, deep brackets, thousands of
names that mean nothing. It is checked at five sizes, each twice the one before up to what the limits let pass, and all its problems are
drawn; the time is processor time, the least of several rounds. The exponent is the slope of log time over log size by least squares over
the larger half of the sizes: 1 is linear, 2 quadratic. `tests/cases/test_growth.py` holds the same texts to counts of calls, which no other
program on the machine changes.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

from netspec.compile import check
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.drawing.formats import FORMATS, render
from netspec.record import record
from netspec.source import Source
from netspec.syntax.printer import print_file
from netspec.syntax.twin import to_json

SIZES = 5


def model(*lines: str, before: str = "", input: str = "f32[B, 8]") -> str:
    """A spec with these lines in its model."""
    return "\n".join(["netspec 1", before, "model M {", f"  input x: {input}", *lines, "  output y = x -> relu", "}", ""])


def numbered(count: int, line: str) -> list[str]:
    """The line with 0, 1, 2, … in the place of `%`, and a word without digits in that of `@`."""
    return [line.replace("%", str(n)).replace("@", word(n)) for n in range(count)]


def word(number: int) -> str:
    """A name of letters alone, another one for each number."""
    letters = ""
    while number >= 0:
        letters, number = chr(97 + number % 26) + letters, number // 26 - 1
    return "q" + letters


def wide(count: int, per: int, part: str, between: str, around: str) -> list[str]:
    """`count` parts, so many in a statement, since a line and an expression are limited."""
    full = numbered(count, part)
    pieces = [full[start : start + per] for start in range(0, count, per)]
    return [around.replace("$", between.join(piece)).replace("#", str(n)) for n, piece in enumerate(pieces)]


def twin(count: int, body: Callable[[int], object]) -> str:
    """A spec in JSON with so many statements in its model."""
    lines = [{"kind": "input", "name": "x", "type": "f32[B, 8]"}, *(body(n) for n in range(count))]
    lines.append({"kind": "output", "name": "y", "value": "x"})
    return json.dumps({"netspec": 1, "sections": [{"kind": "model", "name": "M", "body": lines}]})


def nested(depth: int) -> str:
    """So many blocks, each in a `repeat` of the one before; the last picks rows, which asks what comes round again in every loop."""
    inner = [f"x = x -> A{k + 1}" for k in range(depth - 1)] + ["x = x + gather(x, iota(B))"]
    blocks = (f"block A{k} {{ input x: f32[B, D]; repeat 1 {{ {line} }}; output x }}" for k, line in enumerate(inner))
    return model("  x = x -> A0", before="\n".join(blocks))


def layers(count: int) -> str:
    """So many dense layers, a thousand in each model, since a model is limited."""
    starts = range(0, count, 1_000)
    bodies = ["\n".join(["  x = x -> dense(8)"] * min(1_000, count - start)) for start in starts]
    return "netspec 1\n" + "".join(f"model M{k} {{\n  input x: f32[B, 8]\n{body}\n  output y = x\n}}\n" for k, body in enumerate(bodies))


def norms(count: int, optimizer: str) -> str:
    """So many norms, and how they are trained."""
    train = TRAIN.format("").replace("batch(4)", 'rename(image="x") -> batch(4)').replace("sgd(0.1)", optimizer)
    return model(*["  x = x -> layer_norm"] * count, input="f32[B, 8, 8, 1]").replace("x -> relu", "x -> flatten") + train


@record
class Bomb:
    """A text of any size. `largest` is the size up to which it stays within the limits."""

    largest: int
    text: Callable[[int], str]
    path: str = "m.net"


TRAIN = "\ntrain M {{\n  data = digits() -> batch(4)\n  loss = mean(y)\n  optimizer = sgd(0.1)\n  duration = 1 epoch\n{}\n}}\n"

BOMBS: Mapping[str, Bomb] = {
    # --- names that mean nothing
    "unknown ops": Bomb(4_000, lambda n: model(*numbered(n, "  a% = x -> nothing_@(3)"))),
    "unknown ops near one": Bomb(4_000, lambda n: model(*numbered(n, "  a% = x -> dens@(3)"))),
    "unknown values": Bomb(8_000, lambda n: model(*numbered(n, "  a% = strange_@ + x"))),
    "unknown values among known": Bomb(4_000, lambda n: model(*numbered(n, "  known_@ = x\n  a% = strange_@ + x"))),
    "unknown arguments": Bomb(4_000, lambda n: model(*numbered(n, "  a% = x -> dense(3, wrong_@=4)"))),
    "unknown arguments of one call": Bomb(1_600, lambda n: model("  a = x -> dense(3,\n" + ",\n".join(numbered(n, "wrong_@=1")) + ")")),
    "one argument of a call again and again": Bomb(1_600, lambda n: model("  a = x -> dense(3,\n" + ",\n".join(["bias=true"] * n) + ")")),
    "unknown dtypes": Bomb(4_000, lambda n: model(*numbered(n, "  a%: f3@[B, 8] = x"))),
    "unknown dims": Bomb(4_000, lambda n: model(*numbered(n, "  dim Q@ <= 4"))),
    "unknown words at the start": Bomb(8_000, lambda n: "netspec 1\n" + "\n".join(numbered(n, "modle M% { }"))),
    "unknown settings": Bomb(4_000, lambda n: model() + TRAIN.format("\n".join(numbered(n, "  strange_@ = 3")))),
    "unknown models": Bomb(2_000, lambda n: model() + "".join(numbered(n, "\nexpect Q@ { params == 1 }"))),
    "unknown models among known": Bomb(
        1_000, lambda n: "netspec 1" + "".join(numbered(n, "\nmodel A@ { input x: f32[B]; output y = x }\nexpect Q@ { params == 1 }"))
    ),
    "unknown claims": Bomb(4_000, lambda n: model() + "expect M {\n" + "\n".join(numbered(n, "  strange_@ == 3")) + "\n}\n"),
    "unknown kinds of one place": Bomb(4_000, lambda n: model(*numbered(n, "  weight w%: f32[3] = nothing_@(3)"))),
    "unknown things of libraries": Bomb(4_000, lambda n: model(*numbered(n, "  a% = x -> nn.Strange@(3)"))),
    "unknown in training": Bomb(4_000, lambda n: model() + TRAIN.format("\n".join(numbered(n, "  let a% = strange_@ + 1")))),
    "unused names": Bomb(8_000, lambda n: model(*numbered(n, "  a% = x"))),
    "remarks that allow": Bomb(4_000, lambda n: model(*numbered(n, "  a% = x  # netspec: allow unused-binding"))),
    "remarks that allow nothing": Bomb(4_000, lambda n: model(*numbered(n, "  a% = x -> relu  # netspec: allow one-value"))),
    "remarks of one statement": Bomb(4_000, lambda n: model("  a = dense(", *["    # netspec: allow one-value"] * n, "    x, 3)")),
    "remarks with unknown names": Bomb(4_000, lambda n: model(*numbered(n, "  a% = x  # netspec: allow strange-@"))),
    "norms that decay": Bomb(1_000, lambda n: norms(n, 'freeze("layer_norm_0/**") -> adamw(0.1, weight_decay=0.1)')),
    "unused params": Bomb(4_000, lambda n: model(*numbered(n, "  param a%: int = 1"))),
    "names twice": Bomb(4_000, lambda n: model(*numbered(n, "  input same: f32[B]"))),
    "models twice": Bomb(4_000, lambda n: "netspec 1" + "\nmodel A { input x: f32[B]; output y = x }" * n),
    # --- brackets and nesting
    "brackets, 60 deep": Bomb(1_000, lambda n: model(*numbered(n, "  a% = " + "(" * 60 + "x" + ")" * 60))),
    "lists, 60 deep": Bomb(1_000, lambda n: model(*numbered(n, "  a% = " + "[" * 60 + "1" + "]" * 60))),
    "calls, 60 deep": Bomb(130, lambda n: model(*numbered(n, "  a% = " + "relu(" * 60 + "x" + ")" * 60))),
    "unclosed brackets on one line": Bomb(9_000, lambda n: model("  a = " + "(" * n)),
    "unclosed brackets on lines": Bomb(16_000, lambda n: model("  a = " + "(\n" * n)),
    "unclosed braces on lines": Bomb(16_000, lambda n: "netspec 1\nmodel M " + "{\n" * n),
    "stray brackets on one line": Bomb(9_000, lambda n: model("  a = " + ")" * n)),
    "stray brackets on lines": Bomb(16_000, lambda n: model("  a = 1\n" + ")\n" * n)),
    "stray braces on lines": Bomb(16_000, lambda n: model("}\n" * n)),
    "wrong brackets on one line": Bomb(4_000, lambda n: model("  a = " + "(]" * n)),
    "wrong brackets on lines": Bomb(16_000, lambda n: model(*numbered(n, "  a% = (1]"))),
    "crossed brackets on one line": Bomb(4_000, lambda n: model("  a = " + "(" * n + "]" * n)),
    "brackets closed late on one line": Bomb(3_000, lambda n: model("  a = " + "([" * n + ")" * n)),
    "brackets in a spoiled line": Bomb(3_000, lambda n: model("  a = [" + "(1)" * n)),
    "blocks in blocks": Bomb(16_000, lambda n: model("  repeat 1 {\n" * n)),
    "strings unclosed": Bomb(16_000, lambda n: model(*numbered(n, '  a% = ("abc'))),
    "strings unclosed in brackets": Bomb(8_000, lambda n: model("  a = " + '("\n' * n)),
    # --- length
    "sums": Bomb(8_000, lambda n: model(*wide(n, 90, "1", " + ", "  a# = $"))),
    "sums of tensors": Bomb(7_000, lambda n: model(*wide(n, 90, "x", " + ", "  a# = $"))),
    "sums too long": Bomb(4_500, lambda n: model("  a = " + "+".join(["x"] * n))),
    "sums over lines": Bomb(50_000, lambda n: model("  a = " + "+\n".join(["x"] * n))),
    "powers": Bomb(4_500, lambda n: model("  a = " + "**".join(["2"] * n))),
    "minus signs": Bomb(9_000, lambda n: model("  a = " + "-" * n + "1")),
    "nots": Bomb(2_400, lambda n: model("  require " + "not " * n + "true")),
    "comparisons": Bomb(4_500, lambda n: model("  require " + "<".join(["1"] * n))),
    "dots": Bomb(4_500, lambda n: model("  a = x" + ".a" * n)),
    "indices": Bomb(3_000, lambda n: model("  a = x" + "[0]" * n)),
    "calls of calls": Bomb(4_500, lambda n: model("  a = relu" + "()" * n)),
    "ifs in elses": Bomb(1_000, lambda n: model(*numbered(n, "  a% = " + "if true { 1 } else " * 30 + "{ 1 }"))),
    "chains on one line": Bomb(900, lambda n: model("  a = x" + " -> relu" * n)),
    "chains over lines": Bomb(7_000, lambda n: model("  a = x" + "\n -> relu" * n)),
    "chains of layers": Bomb(3_000, lambda n: model("  a = x" + "\n -> dense(8)" * n)),
    "chains of unknowns": Bomb(7_000, lambda n: model("  a = x" + "".join(numbered(n, "\n -> nothing_@")))),
    "chains of wrong shapes": Bomb(7_000, lambda n: model("  a = x" + "\n -> [B, 9]" * n)),
    "a long list": Bomb(19_000, lambda n: model("  a = [\n" + ",\n".join(["1"] * n) + "]")),
    "a long list of lists": Bomb(9_000, lambda n: model("  a = [\n" + ",\n".join(["[1]"] * n) + "]")),
    "many arguments": Bomb(16_000, lambda n: model("  a = relu(\n" + ",\n".join(["x"] * n) + ")")),
    "many inputs of concat": Bomb(16_000, lambda n: model("  a = concat(\n" + ",\n".join(["x"] * n) + ", axis=1)")),
    "a long dict": Bomb(8_000, lambda n: model() + TRAIN.format("  mesh = {\n" + ",\n".join(numbered(n, "a%: 1")) + "}")),
    "a long type": Bomb(4_000, lambda n: model("  a: f32[" + ", ".join(["B"] * n).replace(", ", ",\n") + "] = x")),
    "long dims": Bomb(1_000, lambda n: model(*numbered(n, "  input a%: f32[B, " + "+".join(["B"] * 90) + "]"))),
    "long names": Bomb(4_000, lambda n: model(*numbered(n, "  " + "n" * 120 + "% = x"))),
    "too long names": Bomb(4_000, lambda n: model(*numbered(n, "  " + "n" * 200 + "% = x"))),
    "one endless name": Bomb(1_000_000, lambda n: model("  a" + "b" * n + " = x")),
    "one endless number": Bomb(1_000_000, lambda n: model("  a = " + "9" * n)),
    "one endless string": Bomb(1_000_000, lambda n: model('  a = "' + "s" * n + '"')),
    "one endless unclosed string": Bomb(1_000_000, lambda n: model('  a = "' + "s" * n)),
    "one endless line of blanks": Bomb(1_000_000, lambda n: model("  a = " + " " * n + "x")),
    "escapes in a string": Bomb(500_000, lambda n: model('  a = "' + "\\n" * n + '"')),
    "backslashes in an unclosed string": Bomb(500_000, lambda n: model('  a = "' + "\\" * n)),
    "quotes": Bomb(500_000, lambda n: model("  a = " + "'" * n)),
    "typographic quotes": Bomb(300_000, lambda n: model("  a = " + "“" * n)),
    "numbers": Bomb(40_000, lambda n: model(*wide(n, 500, "123_456", ",\n", "  a# = [$]"))),
    "numbers with e": Bomb(300_000, lambda n: model("  a = " + "1e" * n)),
    "huge powers": Bomb(8_000, lambda n: model(*numbered(n, "  a% = 9**9**9"))),
    "huge products": Bomb(7_000, lambda n: model("  a = 999_999_999", *["  a = a * 999_999_999"] * n)),
    "strange characters": Bomb(300_000, lambda n: model("  a = " + "€" * n)),
    "invisible characters": Bomb(300_000, lambda n: model("  a = " + "\u200b" * n)),
    "strange signs": Bomb(300_000, lambda n: model("  a = x " + "&&" * n)),
    "comments": Bomb(80_000, lambda n: model(*["  # a comment"] * n)),
    "comments behind statements": Bomb(16_000, lambda n: model(*numbered(n, "  a% = x  # a comment"))),
    "doc comments": Bomb(80_000, lambda n: "## words\n" * n + model()),
    "comments in brackets": Bomb(60_000, lambda n: model("  a = [\n" + "1, # a\n" * (n // 3) + "]")),
    "comments in a chain": Bomb(60_000, lambda n: model("  a = x\n" + "  # a\n" * n + "  -> relu")),
    "empty lines": Bomb(150_000, lambda n: model("\n" * n)),
    "empty statements": Bomb(150_000, lambda n: model(";" * 1000 + "\n" + (";" * 1000 + "\n") * (n // 1000))),
    # --- many things
    "dense layers": Bomb(10_000, layers),
    "params": Bomb(8_000, lambda n: model(*numbered(n, "  param a%: int = %\n  b% = a%"))),
    "params of params": Bomb(8_000, lambda n: model("  param a0: int = 0", *[f"  param a{k}: int = a{k - 1}" for k in range(1, n)])),
    "params of the file": Bomb(8_000, lambda n: model(*numbered(n, "  b% = a%"), before="\n".join(numbered(n, "param a%: int = %")))),
    "inputs": Bomb(4_000, lambda n: model(*numbered(n, "  input a%: f32[B, %+1]"))),
    "symbols": Bomb(2_000, lambda n: model(*numbered(n, "  input a%: f32[B, N%]"))),
    "bounds of symbols": Bomb(2_000, lambda n: model(*numbered(n, "  input a%: f32[B, N%]\n  dim N% <= 4"))),
    "requires": Bomb(8_000, lambda n: model(*numbered(n, "  require % >= 0"))),
    "requires on a symbol": Bomb(2_000, lambda n: model(*numbered(n, "  require B >= %"))),
    "false requires": Bomb(8_000, lambda n: model(*numbered(n, "  require % < 0"))),
    "outputs": Bomb(4_000, lambda n: model(*numbered(n, "  output a% = x"))),
    "weights": Bomb(4_000, lambda n: model(*numbered(n, "  weight w%: f32[8] = zeros\n  x = x + w%"))),
    "labels": Bomb(3_000, lambda n: model(*numbered(n, "  x = x -> label%: dense(8)"))),
    "the same label": Bomb(3_000, lambda n: model(*["  x = x -> same: dense(8)"] * n)),
    "models": Bomb(2_000, lambda n: "netspec 1" + "".join(numbered(n, "\nmodel A% { input x: f32[B]; output y = x -> relu }"))),
    "blocks": Bomb(
        2_000, lambda n: model("  x = x -> A0", before="\n".join(numbered(n, "block A% { input x: f32[B, D]; output x -> relu }")))
    ),
    "calls of one block": Bomb(3_000, lambda n: model("  x = x -> A\n" * n, before="block A { input x: f32[B, D]; output x -> dense(D) }")),
    "calls of one block in other ways": Bomb(
        2_000,
        lambda n: model(*numbered(n, "  a% = x -> A(%+1)"), before="block A { param n: int; input x: f32[B, D]; output x -> dense(n) }"),
    ),
    "expects": Bomb(2_000, lambda n: model() + "\nexpect M { params == 0 }" * n),
    "false expects": Bomb(2_000, lambda n: model() + "\nexpect M { params == 3 }" * n),
    "false expects of a long model": Bomb(
        1_000, lambda n: model(*["  x = x -> dense(8)"] * 100) + "\nexpect M { params == 3; nothing: f32[B] }" * n
    ),
    "claims": Bomb(4_000, lambda n: model() + "expect M {\n" + "  params == 0\n" * n + "}\n"),
    "false claims": Bomb(4_000, lambda n: model() + "expect M {\n" + "  params == 1\n" * n + "}\n"),
    "trains": Bomb(1_000, lambda n: model() + "".join(TRAIN.format("").replace("train M", f"train M as T{k}") for k in range(n))),
    "lets": Bomb(2_000, lambda n: model() + TRAIN.format("\n".join(numbered(n, "  let a% = mean(y)")))),
    "metrics": Bomb(1_000, lambda n: model() + TRAIN.format("\n".join(numbered(n, "  metric a% = mean(y)")))),
    "imports of files that are not there": Bomb(4_000, lambda n: model(before="\n".join(numbered(n, 'import A% from "no/a%.net"')))),
    "names of one import": Bomb(8_000, lambda n: model(before="import\n" + ",".join(numbered(n, "A%")) + ' from "no.net"')),
    "passes of a for": Bomb(7_000, lambda n: model(f"  for i in range({n}) {{ x = x -> relu }}")),
    "loops": Bomb(3_000, lambda n: model(*["  for i in range(2) { x = x -> relu }"] * n)),
    "repeats": Bomb(2_000, lambda n: model(*["  repeat 2 { x = x -> dense(8) }"] * n)),
    "whens": Bomb(2_000, lambda n: model(*["  when train { x = x -> relu }"] * n)),
    "loops in blocks in loops": Bomb(32, nested),
    "growing lists": Bomb(1_000, lambda n: model(*numbered(n, "  s% = [x]\n  for i in range(9) { s% = s% + [x] }"))),
    "shapes that differ": Bomb(4_000, lambda n: model("  input z: f32[B, 9]", *numbered(n, "  a% = x + z"))),
    "mistakes of types": Bomb(4_000, lambda n: model(*numbered(n, '  a% = x -> dense("s")'))),
    "mistakes of text": Bomb(16_000, lambda n: model(*numbered(n, "  a% = = x"))),
    "statements nobody can read": Bomb(16_000, lambda n: model(*numbered(n, "  what is this % @"))),
    "another language": Bomb(16_000, lambda n: "\n".join(numbered(n, "def f%(self, x): return self.a@(x)"))),
    # --- JSON
    "json statements": Bomb(8_000, lambda n: twin(n, lambda k: {"kind": "binding", "targets": [f"a{k}"], "value": "x"}), "m.json"),
    "json unknown keys": Bomb(8_000, lambda n: twin(n, lambda k: {"kind": "binding", "targtes": [f"a{k}"], "value": "x"}), "m.json"),
    "json keys of one object": Bomb(20_000, lambda n: json.dumps({"netspec": 1, **{f"k{i}": 1 for i in range(n)}}), "m.json"),
    "json bad expressions": Bomb(8_000, lambda n: twin(n, lambda k: {"kind": "binding", "targets": [f"a{k}"], "value": "x +"}), "m.json"),
    "json unknown names": Bomb(
        4_000, lambda n: twin(n, lambda k: {"kind": "binding", "targets": [f"a{k}"], "value": f"strange{k}"}), "m.json"
    ),
    "json one list": Bomb(90_000, lambda n: json.dumps({"netspec": 1, "sections": [1] * n}), "m.json"),
    "json one string": Bomb(2_000_000, lambda n: json.dumps({"netspec": 1, "sections": "a" * n}), "m.json"),
    "json escapes": Bomb(500_000, lambda n: json.dumps({"netspec": 1, "sections": "\\" * n}), "m.json"),
    "json open brackets": Bomb(500_000, lambda n: "[" * n, "m.json"),
    "json blanks": Bomb(2_000_000, lambda n: '{"netspec": ' + " " * n + "1}", "m.json"),
    "json repeated keys": Bomb(20_000, lambda n: "{" + ",".join(['"netspec": 1'] * n) + "}", "m.json"),
}


FILES: Mapping[str, Bomb] = {
    "columns that are not wanted": Bomb(60_000, lambda n: ",".join(numbered(n, "@")) + "\n" + ",".join(["1"] * n), "t.csv"),
    "columns twice": Bomb(60_000, lambda n: ",".join([*numbered(n, "@"), "last", "last"]) + "\n", "t.csv"),
    "a key twice": Bomb(60_000, lambda n: "{" + "".join(numbered(n, '"@": 1, ')) + '"last": 1, "last": 1}', "run.json"),
    "a number too large": Bomb(60_000, lambda n: "[" + "".join(numbered(n, '{"@": [1]}, ')) + "1e999]", "run.json"),
    "ragged lists": Bomb(60_000, lambda n: '{"a": [' + "[1], " * n + "[1, 2]]}", "run.json"),
}
"""Files of data and of runs, which are refused as they are read."""


def read(path: str, text: str) -> None:
    """What is timed of such a file: it is read and refused, and the problem drawn."""
    try:
        _read_table(text) if path.endswith(".csv") else _read_run(text)
    except Mistake as mistake:
        render([mistake.diagnostic], "full")
        return
    raise AssertionError("the file is not refused")


def _read_table(text: str) -> None:
    from netspec.library.data.datasets.text_table import Source as Column
    from netspec.library.data.datasets.text_table import read_table
    from netspec.shape import TensorType

    with NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(text)
        file.flush()
        read_table(Path(file.name), [Column("price", TensorType("f32", ()), ("price",))], ",")


def _read_run(text: str) -> None:
    from netspec.train.metrics_log import require_result
    from netspec.train.strict_json import Unfit, naming, parse_json

    with naming("run.json"):
        value = parse_json(text)
        try:
            require_result(value["a"])
        except ValueError as wrong:
            raise Unfit("/a", str(wrong)) from None


def work(path: str, text: str) -> None:
    """What is timed: a check, its problems in every format, and the text again in both forms; of a file in `FILES` its reading."""
    if path in ("t.csv", "run.json"):
        return read(path, text)
    checked = check(Source(path, text))
    for format in FORMATS:
        render(checked.problems, format)
    if checked.file is not None and not any(p.severity == "error" for p in checked.problems):
        print_file(checked.file)
        to_json(checked.file)


def sizes(bomb: Bomb, share: int = 1) -> list[int]:
    """Each is half of the next, up to a share of the largest."""
    return [bomb.largest // share >> (SIZES - 1 - k) for k in range(SIZES)]


def measure(bomb: Bomb, share: int, rounds: int) -> list[float]:
    """Seconds of processor time at each size, the least of several rounds."""
    texts = [bomb.text(size) for size in sizes(bomb, share)]
    work(bomb.path, texts[0])
    gc.collect()
    gc.freeze()
    return [min(timed(bomb.path, text) for _ in range(rounds)) for text in texts]


def timed(path: str, text: str) -> float:
    start = time.process_time()
    work(path, text)
    return time.process_time() - start


def slope(counts: Sequence[int], costs: Sequence[float]) -> float:
    """The exponent: the slope of log cost over log size, by least squares."""
    xs, ys = [math.log(count) for count in counts], [math.log(max(cost, 1e-9)) for cost in costs]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth", description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=int, default=1, help="up to this share of the largest size: 4 is a quarter")
    args = parser.parse_args()
    gc.set_threshold(50_000, 20, 20)  # as the command has it
    print(f"{'kind of text':<38} {'largest':>9} {'seconds':>8} {'exponent':>8}")
    for name, bomb in {**BOMBS, **FILES}.items():
        if not args.names or name in args.names:
            costs, counts = measure(bomb, args.share, args.rounds), sizes(bomb, args.share)
            half = SIZES // 2
            print(f"{name:<38} {counts[-1]:>9,} {costs[-1]:>8.3f} {slope(counts[half:], costs[half:]):>8.2f}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
