"""Random specs with every kind of statement in every kind of region: `for`, `repeat`, `when`, nested, in models, blocks and cells.

All tensors are f32[B, 8], so that any statement fits at any place, and what `check` says of it is said of the place alone.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from netspec.library.base import Optimizer
from netspec.library.optimizers.chain import step_problem
from netspec.library.shelf.index_writer import classes
from netspec.library.shelf.op_text import to_text

PHASES = ("train", "eval", "serve")
STAGES = (
    *("dense(8)", "dense(8)", "relu", "tanh", "layer_norm", "batch_norm", "dropout(0.5)", "dense(8, bias=false) -> gelu", "at{}: dense(8)"),
    *("dense(width)", "dense(n) -> dense(8)", "reshape([B, 2, 4]) -> conv(4, 1) -> reshape([B, 8])", "Half", "Whole(width=8)", "[B, 8]"),
)
VALUES = (
    *("{h} + {g}", "{h} * 0.5 - {g}", "{h} + 0.1 * random_normal([B, 8])", "({h} + ({g} -> dense(8))) -> relu", "maximum({h}, {g})"),
    *("if flag {{ {h} -> dense(8) }} else {{ {g} }}", "if width > 8 {{ {h} }} else {{ {g} -> tanh }}", "concat({h}, {g})[:, 4:12]"),
    *("where(random_bernoulli(0.5, [B, 8]), {h}, {g})", "max([{h}, {g}])", "sum([{h}, {g}])", "{h} - mean({g}, axis=0)", "Pair({h}, {g})"),
    *("({h}, {g}) -> Pair", "{h} -> Twice(Half)", "{h} -> Twice(dense(8))", "reshape({h}, [B, 1, 8]) -> rnn(Cell) -> flatten"),
    *("reshape({h}, [B, 2, 4]) -> gru(4) -> flatten", "stop_gradient({h})", "sum([{h} -> dense(8) for k in range(2)])"),
    *("{h} -> dense(twice(4))", "{h} -> dense(sizes.wide) -> dense(8)", "if 4 in [width, n] {{ {h} }} else {{ {g} }}"),
)
BLOCKS = """let twice(v: int) = 2 * v

block Half {
  input x: f32[B, D]
  output x -> dense(D // 2) -> relu -> dense(D)
}

block Whole {
  param width: int = 4
  param deep: bool = false
  input x: f32[B, D]
  h = x
  when train { h = h -> dropout(0.1) }
  output if deep { h -> dense(width) -> dense(D) } else { h -> dense(D) }
}

block Pair {
  input a: f32[B, D]
  input b: f32[B, D]
  weight w: f32[D] = ones
  output a * w + b
}

block Twice {
  param part: layer
  input x: f32[B, D]
  output x -> part -> part
}

block Cell {
  input x: f32[B, D]
  state h: f32[B, D] = zeros
  h = tanh(x + (h -> dense(D)))
  output h
}
"""
UNUSED = """block Unused {
  param size: int
  input x: f32[B, C]
  h = x -> dense(size)
  for i in range(size) { h = h -> dense(i + 1) }
  repeat size { x = x -> dense(C) }
  output h
}

model Open {
  param size: int
  param act: layer
  input x: f32[B, 8]
  output y = x -> dense(size) -> act -> dense(4)
}
"""


class Regions:
    """A body under construction; names in scope are tensors f32[B, 8]."""

    def __init__(self, rng: Random, model: bool) -> None:
        self.rng, self.model = rng, model
        self.count = 0
        self.names = ["x"]
        self.rebound: list[str] = []
        """Names that a binding may give anew."""
        self.shared: list[str] = []
        self.outputs: list[str] = []
        self.partial: dict[str, str] = {}
        """Outputs that exist in one phase."""
        self.exported = 0

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def pick(self) -> str:
        return self.rng.choice(self.names)

    def value(self) -> str:
        """An expression that is f32[B, 8]."""
        if self.rng.random() < 0.4:
            return self.rng.choice(VALUES).format(h=self.pick(), g=self.pick())
        stages = [self.rng.choice(STAGES).format(self.fresh("")) for _ in range(self.rng.choice([1, 1, 2, 3]))]
        return " -> ".join([self.pick(), *stages])

    # --- statements --------------------------------------------------------------------------------------------------

    def body(self, depth: int, phases: tuple[str, ...], loops: int, count: int) -> list[str]:
        """Some statements; names that they bind for the first time end with them."""
        names, rebound, shared = list(self.names), list(self.rebound), list(self.shared)
        lines = [line for _ in range(count) for line in self.statement(depth, phases, loops)]
        if depth:
            self.names, self.rebound, self.shared = names, rebound, shared
        return lines

    def statement(self, depth: int, phases: tuple[str, ...], loops: int) -> list[str]:
        form = self.rng.choice(FORMS if depth < 3 else FLAT)
        return form(self, depth, phases, loops)

    def bind(self, depth: int, phases: tuple[str, ...], loops: int) -> list[str]:
        value = self.value()
        if self.rebound and self.rng.random() < 0.5:
            return [f"{self.rng.choice(self.rebound)} = {value}"]
        name = self.fresh("h")
        self.names.append(name)
        self.rebound.append(name)
        return [f"{name}: f32[B, 8] = {value}" if self.rng.random() < 0.1 else f"{name} = {value}"]

    def weigh(self, depth: int, phases: tuple[str, ...], loops: int) -> list[str]:
        name, more = self.fresh("w"), self.bind(depth, phases, loops)
        made = self.rng.choice(["ones", "normal(0.1)", "zeros"])
        return [f"weight {name}: f32[8] = {made}", *more, *self.again(f"* {name}")]

    def buffer(self, depth: int, phases: tuple[str, ...], loops: int) -> list[str]:
        name = self.fresh("b")
        moved = f"{name} = 0.9 * {name} + 0.1 * mean({self.pick()}, axis=0)"
        written = [moved if phases else f"when train {{ {moved} }}"] if set(phases) <= {"train"} else []  # others keep no buffer
        return [f"buffer {name}: f32[8] = zeros", *self.bind(depth, phases, loops), *self.again(f"+ {name}"), *written]

    def again(self, change: str) -> list[str]:
        """One of the names bound anew, with a change."""
        name = self.rng.choice(self.rebound)
        return [f"{name} = {name} {change}"]

    def share(self, depth: int, phases: tuple[str, ...], loops: int) -> list[str]:
        if self.shared and self.rng.random() < 0.6:
            return [*self.bind(depth, phases, loops), *self.again(f"-> {self.rng.choice(self.shared)}")]
        name = self.fresh("s")
        self.shared.append(name)
        made = self.rng.choice(["dense(8)", "dense(8) -> relu", "Half", "batch_norm", "Whole(8)", "layer_norm"])
        return [f"shared {name} = {made}"]

    def export(self, depth: int, phases: tuple[str, ...], loops: int) -> list[str]:
        self.exported += 1
        return [f"aux {self.fresh('a')} = mean({self.pick()} * {self.pick()})"]

    def demand(self, depth: int, phases: tuple[str, ...], loops: int) -> list[str]:
        demands = ("require width > 0", 'require width + n < 999, "too wide: {width}"', "require B >= 1", "assume B <= 4096")
        return [self.rng.choice(demands)]

    def output(self, depth: int, phases: tuple[str, ...], loops: int) -> list[str]:
        if loops or not self.model:
            return self.bind(depth, phases, loops)
        name = self.fresh("out")
        if phases:
            self.partial[name] = phases[-1]
        else:
            self.outputs.append(name)
        return [f"output {name} = {self.pick() if self.rng.random() < 0.5 else self.value()}"]

    def loop(self, depth: int, phases: tuple[str, ...], loops: int) -> list[str]:
        index = self.fresh("i")
        lists = ("range(2)", "[8, 4]", "range(n - 2)", "[]", "reverse([8, 4])", "[i * 2 for i in range(3) if i > 0]")
        pairs = ("enumerate([8, 4])", "zip([8, 4], [1, 2])", "[[8, 1], [4, 2]]", "[]")
        one = f"for {index} in {self.rng.choice(lists)}"
        two = f"for {index}, {index}b in {self.rng.choice(pairs)}"
        head = self.rng.choice([one, one, two, f"for {index}, ({index}b, _) in enumerate([[8, 1], [4, 2]])"])
        lines = self.body(depth + 1, phases, loops + 1, self.rng.choice([0, 1, 2, 3]))
        if self.rng.random() < 0.3 and self.rebound:
            name = self.rng.choice(self.rebound)
            lines.append(f"{name} = {name} -> dense({index} + 1) -> dense(8)")
        return [f"{head} {{", *lines, "}"]

    def repeat(self, depth: int, phases: tuple[str, ...], loops: int) -> list[str]:
        index = self.fresh("i")
        head = self.rng.choice(["repeat 2", "repeat n", "repeat 5", "repeat 1", "repeat 0", f"repeat 3 as {index}"])
        lines = self.body(depth + 1, phases, loops + 1, self.rng.choice([0, 1, 2, 3]))
        if " as " in head and self.rebound:
            name = self.rng.choice(self.rebound)
            lines.append(f"{name} = {name} + 0.1 * cast({index}, f32)")
        return [f"{head} {{", *lines, "}"]

    def phase(self, depth: int, phases: tuple[str, ...], loops: int) -> list[str]:
        phase = phases[-1] if phases and self.rng.random() < 0.98 else self.rng.choice(PHASES)
        lines = self.body(depth + 1, (*phases, phase), loops, self.rng.choice([0, 1, 2, 3]))
        return [f"when {phase} {{", *lines, "}"]

    def grow(self, depth: int, phases: tuple[str, ...], loops: int) -> list[str]:
        """A list that grows in a `for`, and its sum."""
        kept, name = self.fresh("kept"), self.fresh("h")
        lines = [f"{kept} = [{self.pick()}]", f"for _{kept} in range(2) {{ {kept} = {kept} + [{self.value()}] }}", f"{name} = sum({kept})"]
        self.names.append(name)
        self.rebound.append(name)
        return lines


Form = Callable[[Regions, int, tuple[str, ...], int], list[str]]
FLAT: tuple[Form, ...] = (
    *(Regions.bind,) * 4,
    *(Regions.weigh, Regions.buffer, Regions.share, Regions.share, Regions.export, Regions.demand, Regions.output, Regions.grow),
)
FORMS: tuple[Form, ...] = (*FLAT, Regions.loop, Regions.repeat, Regions.phase, Regions.loop, Regions.repeat, Regions.phase)


def region_spec(rng: Random) -> str:
    """A file with a model, perhaps trained, and blocks that are used and that are not."""
    regions = Regions(rng, model=True)
    params = ["param width: int = 8", "param n: int = 4", "param flag: bool = true", "param sizes: {wide: int} = {wide: 12}"]
    lines = regions.body(0, (), 0, rng.randrange(2, 7))
    last = f"output y = {regions.pick()} -> dense(8)"
    model = ["model M {", *params, "input x: f32[B, 8]", *lines, last, "}"]
    body = Regions(rng, model=False)
    own = ["block Own {", *params, "input x: f32[B, 8]", *body.body(0, (), 0, rng.randrange(1, 5)), f"output {body.pick()}", "}"]
    if rng.random() < 0.5:
        model[-2] = f"output y = {regions.pick()} -> Own(flag=false) -> dense(8)"
    sections = [BLOCKS, UNUSED if rng.random() < 0.3 else "", "\n".join(own), "\n".join(model)]
    sections += [train(rng, regions)] if rng.random() < 0.7 else []
    sections += ["expect M { y: f32[B, 8]; params > 0 }"] if rng.random() < 0.5 else []
    return "netspec 1\n\n" + "\n\n".join(s for s in sections if s) + "\n"


def train(rng: Random, regions: Regions) -> str:
    """A `train` section that measures every output."""
    terms = ["softmax_cross_entropy(y, label)"]
    terms += [f"0.1 * mean_squared_error({name}, x)" for name in regions.outputs]
    terms += [f"0.1 * mean_squared_error({name}, x)" for name, phase in regions.partial.items() if phase == "train"]
    terms += ['0.01 * aux("**/a*")'] if regions.exported and rng.random() < 0.5 else []
    terms += ['1e-4 * l2(params("**/kernel"))'] if rng.random() < 0.2 else []
    loss = " + ".join(terms)
    model = rng.choice(["M", "M(width=4)", "M(flag=false)", "M(n=3)"])
    more = ["accumulate = 2", "ema = 0.9", "precision = mixed(bf16)", "metric accuracy = accuracy(y, label)", "eval { every = 2 steps }"]
    lines = [
        "data = arrays(fields={x: f32[8], label: i32[]}) -> batch(3)",
        *(updates(loss, terms[0]) if rng.random() < 0.15 else (f"loss = {loss}", f"optimizer = {optimizer(rng)}")),
        "duration = 4 steps",
        *(line for line in more if rng.random() < 0.2),
    ]
    return "\n".join([f"train {model} {{", *lines, "}"])


def updates(loss: str, first: str) -> tuple[str, ...]:
    """Two optimizers, each with parameters of its own; a layer without bias has a kernel, the last has both."""
    kernels = f'update kernels {{ loss = {loss}; params = "**/kernel"; optimizer = sgd(0.1) }}'
    return kernels, f'update biases {{ loss = {first}; params = "**/bias"; optimizer = adam(0.01); every = 2 }}'


def optimizer(rng: Random) -> str:
    """Mostly a plain one; now and then any of the registry that takes the step by itself and names no parameters."""
    if rng.random() < 0.7:
        return rng.choice(["sgd(0.1)", "adam(1e-3)", "sgd(0.1, momentum=0.9)"])
    found = [e.op for cls in classes() if issubclass(cls, Optimizer) for e in cls.examples()]
    return to_text(rng.choice([op for op in found if isinstance(op, Optimizer) and step_problem(op) is None and not op.patterns()]))
