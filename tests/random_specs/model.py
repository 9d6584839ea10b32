"""A random model under construction: its statements as text, and the types of the names bound so far."""

from __future__ import annotations

from collections.abc import Callable as Function
from random import Random
from typing import Any

from netspec.library.base import Callable
from netspec.library.layers.dense import Dense
from netspec.library.shelf.op_text import to_text
from netspec.shape import Facts, TensorType
from tests.random_specs import ops
from tests.random_specs.layout import Layout

Step = tuple[str, Callable]
"""A stage as text, and the op it means."""


class Model:
    """Collects statements; `env` holds the tensors in scope."""

    def __init__(self, rng: Random, layout: Layout, name: str, facts: Facts) -> None:
        self.rng, self.layout, self.name, self.facts = rng, layout, name, facts
        self.env: dict[str, TensorType] = {}
        self.inputs: list[str] = []
        self.params: dict[str, int | float | bool] = {}
        self.statements: list[str] = []
        self.sections: list[str] = []
        self.count = 0
        self.blocks: list[tuple[str, list[Step], list[int | str]]] = []

    # --- names and values ----------------------------------------------------------------------------------------

    def fresh(self, stem: str = "v") -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def input(self, name: str, type_: TensorType) -> None:
        self.inputs.append(f"input {name}: {type_}")
        self.env[name] = type_

    def pick(self) -> tuple[str, TensorType]:
        """A tensor in scope, the newest more likely."""
        names = list(self.env)
        name = names[-1] if self.rng.random() < 0.6 else self.rng.choice(names)
        return name, self.env[name]

    def number(self, value: int) -> str:
        """A size as text: a number, a param of that value, or an expression."""
        chance = self.rng.random()
        if chance < 0.15:
            name = next((n for n, v in self.params.items() if v is value), None) or self.fresh("size")
            self.params[name] = value
            return name
        if chance < 0.2 and self.name:
            return self.static(value)
        return f"{value - 1} + 1" if chance < 0.3 and value > 1 else str(value)

    def static(self, value: int) -> str:
        """The same by a function of the file, a record, or a list made by a comprehension."""
        function = self.fresh("same")
        form = self.rng.choice([f"{function}({value})", f"[{{n: {value}}}][0].n", f"max([k for k in [1, {value}] if k in [{value}]])"])
        if form.startswith(function):
            self.sections.append(f"let {function}(n: int, by: float = 1.0) = floor(n * by)")
        return form

    def steps(self, type_: TensorType, count: int) -> tuple[list[Step], TensorType]:
        """Up to `count` stages that the type passes through, and what comes out."""
        steps: list[Step] = []
        for _ in range(count):
            found = ops.choose(self.rng, (type_,), self.facts)
            if found is not None:
                steps.append((self.stage(found[0]), found[0]))
                type_ = found[1]
        return steps, type_

    def stage(self, op: Callable) -> str:
        """An op as text, sometimes with an expression for its size and a comma at the end."""
        text = to_text(op)
        if isinstance(op, Dense) and isinstance(op.features, int):
            text = text.replace(f"dense({op.features}", f"dense({self.number(op.features)}", 1)
        return text[:-1] + ",)" if text.endswith(")") and self.layout.odd() else text

    def chain(self, head: str, steps: list[Step], labels: bool = True) -> str:
        """`head -> …`, here and there with a label."""
        texts = [f"{self.fresh('at')}: {text}" if labels and self.rng.random() < 0.1 else text for text, _ in steps]
        return " -> ".join([head, *texts])

    def add(self, statement: str) -> None:
        self.statements.append(self.layout.words(statement))

    # --- statements ----------------------------------------------------------------------------------------------

    def statement(self) -> None:
        """One more statement, of a random form; a form that finds nothing to do adds none."""
        self.rng.choice(FORMS)(self)

    def binding(self) -> None:
        name, type_ = self.pick()
        steps, out = self.steps(type_, self.rng.randrange(1, 5))
        if steps:
            bound = name if self.rng.random() < 0.3 and not self.is_input(name) else self.fresh()
            typed = f": {out}" if bound != name and self.rng.random() < 0.1 else ""
            claim = f" -> [{', '.join(map(str, out.shape))}]" if self.rng.random() < 0.1 and not typed else ""
            self.add(f"{bound}{typed} = {self.chain(name, steps)}{claim}")
            self.env[bound] = out

    def is_input(self, name: str) -> bool:
        return name in ("x", "y", "image")

    def two(self) -> None:
        """An op of two tensors, in a chain or as a call."""
        (a, type_a), (b, type_b) = self.pick(), self.pick()
        found = ops.choose(self.rng, (type_a, type_b), self.facts)
        if found is None:
            return
        text = to_text(found[0])
        name, _, arguments = text.partition("(")
        called = f"{name}({a}, {b}{', ' + arguments if arguments else ')'}"
        bound = self.fresh()
        self.add(f"{bound} = " + self.rng.choice([f"({a}, {b}) -> {text}", called]))
        self.env[bound] = found[1]

    def arithmetic(self) -> None:
        name, type_ = self.pick()
        if not type_.is_float:
            return
        others = [n for n, t in self.env.items() if t == type_]
        other, number = self.rng.choice(others), self.rng.choice(["2", "0.5", "1e-3", "10_000"])
        forms = (f"{name} + {other}", f"{name} * {number} - {other}", f"-({name})", f"({name} - {other}) ** 2", f"{number} * {name}", name)
        bound = self.fresh()
        self.add(f"{bound} = {self.rng.choice(forms)}")
        self.env[bound] = type_

    def residual(self) -> None:
        """`(x + (x -> … )) -> …`: stages that come back to the type they started from."""
        name, type_ = self.pick()
        steps = self.loop_steps(type_)
        if steps and type_.is_float:
            inner = self.chain(name, steps)
            after, out = self.steps(type_, 1)
            bound = self.fresh()
            self.add(f"{bound} = " + (self.chain(f"({name} + ({inner}))", after) if after else f"{name} + ({inner})"))
            self.env[bound] = out

    def loop_steps(self, type_: TensorType) -> list[Step]:
        """Stages that keep the type; a dense layer at the end restores the features where only they changed."""
        steps, out = self.steps(type_, self.rng.randrange(1, 3))
        if out != type_ and only_features_differ(out, type_):
            steps.append((f"dense({type_.shape[-1].value})", Dense(features=type_.shape[-1].value)))
            out = type_
        return steps if steps and out == type_ else []

    def loop(self) -> None:
        """`for` or `repeat`, one inside the other now and then."""
        name, type_ = self.pick()
        steps = self.loop_steps(type_)
        if not steps:
            return
        if self.is_input(name):
            self.add(f"{(bound := self.fresh())} = {name}")
            name = bound
        body = [f"{name} = {self.chain(name, steps, labels=False)}"]
        if self.rng.random() < 0.2:
            body = [self.layout.block(f"repeat {self.rng.randrange(1, 4)}", body, 2)]
        heads = (f"repeat {self.rng.randrange(1, 5)}", "for _i in range(2)", *EACH, f"repeat {self.number(2)}")
        self.statements.append(self.layout.block(self.rng.choice(heads).replace("_i", "i"), body, 1))
        self.env[name] = type_

    def comprehension(self) -> None:
        """The sum of a list of tensors, or of layers that are applied one by one."""
        name, type_ = self.pick()
        steps, bound = self.loop_steps(type_), self.fresh()
        if steps and type_.is_float:
            clause = self.rng.choice(CLAUSES)
            self.add(f"{bound} = sum([{self.chain(name, steps, labels=False)} {clause}])")
            self.env[bound] = type_

    def choice(self) -> None:
        """`if` on a static condition."""
        name, type_ = self.pick()
        (yes, first), (no, second) = self.steps(type_, 2), self.steps(type_, 1)
        flag = self.fresh("flag")
        self.params[flag] = self.rng.random() < 0.5
        bound = self.fresh()
        self.add(f"{bound} = if {flag} {{ {self.chain(name, yes, labels=False)} }} else {{ {self.chain(name, no, labels=False)} }}")
        self.env[bound] = first if self.params[flag] else second

    def requirement(self) -> None:
        size = self.fresh("size")
        self.params[size] = self.rng.randrange(2, 9)
        self.add(f'require {size} > 1 and {size} * 2 < 100, "{size} is {{{size}}}"')

    def shared(self) -> None:
        """One instance, used twice on the same type. Most steps of the shelf are functions, so it takes some tries to find a layer."""
        for _ in range(8):
            name, type_ = self.pick()
            steps = self.loop_steps(type_)
            if len(steps) == 1 and steps[0][1].kind == "layer":
                instance, bound = self.fresh("tied"), self.fresh()
                self.add(f"shared {instance} = {steps[0][0]}")
                self.add(f"{bound} = {name} -> {instance} -> {instance}")
                self.env[bound] = type_
                return

    def recurrence(self) -> None:
        """A layer that runs a cell over axis 1."""
        name, type_ = self.pick()
        if type_.is_float and type_.rank == 3 and type_.shape[-1].is_constant:
            size, bound = self.rng.choice(ops.SIZES), self.fresh()
            layer = self.rng.choice(["gru({})", "lstm({})", "gru({}, reverse=true)", "rnn(lstm_cell({}))"])
            self.add(f"{bound} = {name} -> {layer.format(size)}")
            self.env[bound] = type_.with_shape((*type_.shape[:-1], size))

    def block(self) -> None:
        """A block of the user's, made for the type at hand, called once or twice."""
        name, type_ = self.pick()
        inner = Model(self.rng, self.layout, "", self.facts)
        inner.count = 100 * (self.count + 1)
        steps, out = inner.steps(type_, self.rng.randrange(1, 4))
        if not steps:
            return
        title, bound = f"Part{self.fresh('')}", self.fresh()
        dims = ", ".join(f"D{i}" for i in range(type_.rank)) if self.rng.random() < 0.7 else "..."
        params = [f"param {n}: int = {self.rng.choice([v, v, v])}" for n, v in inner.params.items()]
        lines = [*params, f"input x: {type_.dtype}[{dims}]", f"output {inner.chain('x', steps)}"]
        self.sections.append(self.layout.block(f"block {title}", lines, 0))
        arguments = ", ".join(f"{n}={v}" for n, v in inner.params.items())
        self.add(f"{bound} = {name} -> {title}{f'({arguments})' if arguments else ''}")
        self.env[bound] = out

    # --- the whole -----------------------------------------------------------------------------------------------

    def body(self) -> list[str]:
        """All lines: params, inputs, statements, outputs for some of what was made."""
        kinds: dict[type, str] = {bool: "bool", int: "int", float: "float"}
        params = [f"param {n}: {kinds[type(v)]} = {_text(v)}" for n, v in self.params.items()]
        names = list(self.env)
        chosen = names[-1:] + [n for n in names[:-1] if self.rng.random() < 0.1]
        outputs = [f"output {self.fresh('out')} = {n}" for n in dict.fromkeys(chosen)]
        return [*params, *self.inputs, *self.statements, *outputs]

    def file(self, *more: str) -> str:
        """The whole file, blocks before the model or behind it."""
        model = self.layout.block(f"model {self.name}", self.body(), 0)
        parts = [*self.sections, model] if self.rng.random() < 0.5 else [model, *self.sections]
        return "netspec 1\n\n" + "\n\n".join([*parts, *more]) + "\n"


def only_features_differ(a: TensorType, b: TensorType) -> bool:
    """Two float types of one dtype that are equal but for the size of the last axis, which the second one knows."""
    same = a.dtype == b.dtype and a.is_float and a.rank == b.rank > 0
    return same and a.shape[:-1] == b.shape[:-1] and b.shape[-1].is_constant


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


EACH = ("for i, v in enumerate([1, 2])", "for a, _ in [[1, 2], [3, 4]]", "for i, (a, b) in enumerate(zip([1], [2]))", "for r in [{a: 1}]")
"""Heads of loops over lists."""
CLAUSES = ("for _ in range(2)", "for k in [1, 2, 3] if k > 1", "for a, (_, b) in [(1, (2, 3))] for _ in range(b - a)")
"""Of comprehensions."""
FORMS: tuple[Function[[Model], None], ...] = (
    *(Model.binding,) * 6,
    *(Model.two, Model.two, Model.arithmetic, Model.residual, Model.loop, Model.comprehension),
    *(Model.choice, Model.requirement, Model.shared, Model.block),
    Model.recurrence,
)
