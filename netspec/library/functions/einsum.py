"""Sums of products of tensors, written as an equation with one letter per axis."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.operands import UnequalDtypes
from netspec.diagnostics.shapes.patterns import BadPattern, EinsumDims, EinsumOperands, PatternNames, PatternRank
from netspec.kernels.matmul import einsum
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.functions.broadcasting import outline_shapes
from netspec.library.shape_rules.requirements import need_equal
from netspec.record import record
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

DOTS = "."
"""`...` in one character."""


@record
class Equation:
    """The letters of each tensor and of the result."""

    text: str
    inputs: tuple[str, ...]
    output: str


@lru_cache(maxsize=1024)
def equation_of(text: str) -> Equation:
    """An equation as text. Raises `Mistake`."""
    sides = text.replace(" ", "").split("->")
    if len(sides) != 2:
        raise Mistake(BadPattern("einsum", text, "arrow", blame="equation"))
    groups = [_group(text, group) for group in (*sides[0].split(","), sides[1])]
    twice = tuple(dict.fromkeys(c for c in groups[-1] if groups[-1].count(c) > 1))
    if twice:
        raise Mistake(PatternNames("einsum", text, twice=twice, blame="equation"))
    new = tuple(c for c in groups[-1] if c != DOTS and not any(c in group for group in groups[:-1]))
    if new:
        raise Mistake(PatternNames("einsum", text, right=new, blame="equation"))
    return Equation(text, tuple(groups[:-1]), groups[-1])


def _group(text: str, group: str) -> str:
    """Checks the letters of one tensor, and writes its `...` as the one sign DOTS. Raises `Mistake`."""
    if group.count("...") > 1:
        raise Mistake(BadPattern("einsum", text, "dots", group, blame="equation"))
    letters = group.replace("...", "")
    wrong = re.sub("[A-Za-z]", "", letters)
    if wrong:
        raise Mistake(BadPattern("einsum", text, "character", wrong[0], blame="equation"))
    return group.replace("...", DOTS)


class Einsum(Function):
    """Products of tensors, summed over the letters that the result does not have: `einsum("bhd,hdk->bk", x, w)`.

    One letter is one size wherever it stands; twice in one tensor it takes the diagonal. `...` stands for leading axes, which meet as
    those of an operator. Tensors are contracted from left to right. FLOPs: for each pair 2 per combination of their letters' values when
    a letter is summed, else 1; for one tensor 1 per element when a letter is summed.
    """

    inputs = (In("tensors", "numbers, one tensor or more, of one element type", dtype="number"),)
    variadic: ClassVar[bool] = True
    factors = True

    equation: str
    """Letters of each tensor, and after `->` of the result: `"bij,bjk->bik"`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(equation="bhd,hdk->bk"), ("f32[4, 3, 5]", "f32[3, 5, 2]")),
            Example(cls(equation="b i, b j -> b i j"), ("f32[4, 3]", "f32[4, 2]")),
            Example(cls(equation="...i,ij->...j"), ("f32[4, 7, 3]", "f32[3, 2]")),
            Example(cls(equation="bii->b"), ("f32[4, 3, 3]",)),
            Example(cls(equation="bi,ij,bj->b"), ("f32[4, 3]", "f32[3, 2]", "f32[4, 2]")),
        )

    def shape(self, facts: Facts, *tensors: TensorType) -> TensorType:
        equation = equation_of(self.equation)
        if len(tensors) != len(equation.inputs):
            raise Mistake(EinsumOperands(self.equation, len(equation.inputs), len(tensors), blame="equation"))
        other = next((t for t in tensors if t.dtype != tensors[0].dtype), None)
        if other is not None:
            raise Mistake(UnequalDtypes(self.op_name(), tensors[0], other))
        sizes: dict[str, Dim] = {}
        dots: tuple[Dim, ...] = ()
        for group, tensor in zip(equation.inputs, tensors, strict=True):
            dots = self._bound(facts, group, tensor, sizes, dots)
        return tensors[0].with_shape(_lay_out(equation.output, sizes, dots))

    def _bound(self, facts: Facts, group: str, x: TensorType, sizes: dict[str, Dim], dots: tuple[Dim, ...]) -> tuple[Dim, ...]:
        """Add the sizes of a tensor's letters; returns the axes of `...` so far."""
        letters = _letters(self.op_name(), group, x)
        own = []
        for letter, size in zip(letters, x.shape, strict=True):
            if letter == DOTS:
                own.append(size)
                continue
            known = sizes.setdefault(letter, size)
            problem = EinsumDims(self.equation, letter, known, size, blame="equation")
            need_equal(facts, self.op_name(), known, size, f"for the letter {letter}", problem)
        for one, size in zip(dots[::-1], own[::-1], strict=False):
            if one != 1 and size != 1:
                problem = EinsumDims(self.equation, "...", one, size, blame="equation")
                need_equal(facts, self.op_name(), one, size, "for `...`", problem)
        return outline_shapes(dots, tuple(own))

    def apply(self, scope: Scope, *tensors: Array) -> Array:
        last = len(tensors) - 1
        path = [(0, 1), *((0, last - n) for n in range(1, last))] if last else [(0,)]
        return einsum(scope.kernels, *tensors, equation=self.equation, optimize=path)

    def flops(self, *tensors: TensorType) -> Dim:
        equation = equation_of(self.equation)
        sizes: dict[str, Dim] = {}
        dots = [self._bound(Facts(), group, t, sizes, ()) for group, t in zip(equation.inputs, tensors, strict=True)]
        if len(tensors) == 1:
            return tensors[0].size if set(equation.inputs[0]) - set(equation.output) else Dim.of(0)
        total, left, around = Dim.of(0), set(equation.inputs[0]), dots[0]
        for place, group in enumerate(equation.inputs[1:], 1):
            both, around = left | set(group), outline_shapes(around, dots[place])
            needed = set(equation.output).union(*equation.inputs[place + 1 :])
            left = both & needed
            total = total + elements(_lay_out("".join(sorted(both)), sizes, around)) * (2 if both - left else 1)
        return total

    def flow(self, passage: Passage) -> Flow:
        """The letter of the positions stands once in each tensor that has them, and in the result."""
        equation = equation_of(self.equation)
        for place, (group, kind) in enumerate(zip(equation.inputs, passage.types, strict=True)):
            letters = _letters(self.op_name(), group, kind)
            once = {letter for letter in equation.output if letter == DOTS or letters.count(letter) == 1}
            passage.untouched(*(axis for axis, letter in enumerate(letters) if letter not in once), input=place)
        return passage.made()


def _letters(op: str, group: str, x: TensorType) -> str:
    """The letters of a tensor's axes, `.` for each one under `...`."""
    dots = DOTS in group
    extra = x.rank - len(group) + dots
    if extra < 0 or (extra and not dots):
        raise Mistake(PatternRank(op, group.replace(DOTS, "..."), len(group) - dots, dots, x, blame="equation"))
    return group.replace(DOTS, DOTS * extra)


def _lay_out(letters: str, sizes: dict[str, Dim], dots: tuple[Dim, ...]) -> list[Dim]:
    """The sizes of a result's axes by its letters, with those of `...` in the place of its sign."""
    return [size for letter in letters for size in (dots if letter == DOTS else (sizes[letter],))]
