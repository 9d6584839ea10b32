"""Defines what a decoder is, and what it asks of the model that it runs."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Protocol

from netspec.library.base import Array, In, Op, Positive
from netspec.library.base.field_bounds import Field
from netspec.record import record

Token = Annotated[int, Field(ge=0)]
Carry = Any
"""What a run of the model keeps between steps: a tree of arrays whose first axis counts sequences."""


class Steps(Protocol):
    """A model that is fed one element after the other. The sequences of one example stand next to each other."""

    @property
    def examples(self) -> int: ...

    def begin(self, copies: int) -> Carry:
        """So many sequences for each example, which have the example's own beginning."""
        ...

    def logits(self, carry: Carry, place: Array) -> tuple[Array, Carry]:
        """[sequences, V]: what the model says of the answer's element number `place`. Asked once for each, in order."""
        ...

    def push(self, carry: Carry, place: Array, tokens: Array) -> Carry:
        """These elements, one for each sequence, are chosen."""
        ...

    def pick(self, carry: Carry, rows: Array) -> Carry:
        """Other sequences in the places of the present ones, by their numbers."""
        ...

    def noise(self, place: Array, size: int) -> Array:
        """[examples, size] draws from the standard Gumbel distribution, for each example and place its own."""
        ...


@record
class Decoded:
    """What was generated for each example."""

    tokens: Array
    """i32[B, limit]: the answer, which ends with `stop` where there is one, and is 0 behind it."""
    length: Array
    """i32[B]: how many elements the answer has, `stop` included."""
    score: Array
    """f32[B]: the logarithm of the answer's probability under the model."""


class Decoder(Op):
    """Base of every decoder. The first argument of its call is the output of the model that it reads, [B, T, V]."""

    kind = "decoder"
    inputs: ClassVar[tuple[In, ...]] = (
        In("logits", "what the model says of the elements: unnormalised scores [B, T, V]", rank=3, wants="logits"),
    )

    limit: Positive
    """At most so many elements are generated."""
    start: Token | None = None
    """The element with which every sequence begins; absent, a sequence begins with what it is given."""
    stop: Token | None = None
    """The element that ends an answer; absent, every answer has `limit` elements."""

    def decode(self, steps: Steps) -> Decoded:
        """The answers. Runs under a JAX trace."""
        raise TypeError(f"{self.op_name()} has no meaning")
