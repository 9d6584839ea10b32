"""Embeddings: a vector for each number of a vocabulary, and the same vectors used the other way round."""

from __future__ import annotations

from netspec.diagnostics.shapes.attention import UnequalFeatures
from netspec.kernels.embed import embed
from netspec.kernels.matmul import contract
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Method, Passage, Scope, Size, Weight
from netspec.library.initializers.distributions import VarianceScaling
from netspec.library.shape_rules.requirements import need_equal
from netspec.library.shape_rules.sizes import kernel, require_positive
from netspec.shape import Dim, Facts, TensorType


class Embed(Layer):
    """A learned vector for each number from 0 to vocab - 1: y = embedding[ids].

    Whole numbers [...] -> f32[..., features]. Parameter `embedding` [vocab, features]. Negative numbers count from the end; one outside
    the vocabulary gives NaN. `shared e = embed(…)` makes one instance, and `x -> e.attend` multiplies with the same vectors, which ties
    a language model's output to its input. FLOPs: 0. PyTorch draws vectors with a deviation of 1, and has an error outside the vocabulary.
    """

    inputs = (In("ids", "whole numbers, any shape", dtype="int"),)
    source = "Flax linen Embed"
    grows_by_ids = True

    vocab: Size
    """Number of vectors."""
    features: Size
    """Size of a vector."""
    init: Initializer = VarianceScaling(scale=1.0, mode="fan_in", distribution="normal")
    """Initial value of the embedding; its fan-in is `features`, so the default's standard deviation is 1 / sqrt(features)."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(vocab=10, features=4), ("i32[3, 5]",)), Example(cls(vocab=7, features=3), ("u8[]",)))

    def shape(self, facts: Facts, ids: TensorType) -> TensorType:
        require_positive(facts, self.op_name(), "vocab", self.vocab)
        return TensorType("f32", (*ids.shape, require_positive(facts, self.op_name(), "features", self.features)))

    def params(self, ids: TensorType) -> dict[str, Weight]:
        return vectors(self)

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"ids": self.vocab}

    def floors(self, *inputs: TensorType) -> dict[str, Dim | int | None]:
        return {"ids": -Dim.of(self.vocab)}

    def apply(self, scope: Scope, ids: Array) -> Array:
        rows = embed(scope.kernels, scope.param("embedding"), ids)  # cast afterwards, so that gradients of a row add up at full precision
        return rows.astype(scope.lowered("f32"))

    def flow(self, passage: Passage) -> Flow:
        return passage.made()


class EmbedAttend(Method):
    """The product with every vector of a shared `embed`: y = x @ embeddingᵀ, with the same weights. `shared e = embed(…)`, `x -> e.attend`.

    [..., features] -> [..., vocab]: the usual logits of a language model with tied embeddings. FLOPs: 2 · features per output element.
    """

    of = "embed"
    inputs = (In("x", "any leading axes, then the features", rank=1),)
    source = "Press and Wolf, Using the Output Embedding to Improve Language Models, 2017; Flax linen Embed.attend"

    vocab: Size
    """Number of vectors."""
    features: Size
    """Size of a vector."""
    init: Initializer = VarianceScaling(scale=1.0, mode="fan_in", distribution="normal")
    """Initial value of the embedding; its fan-in is `features`, so the default's standard deviation is 1 / sqrt(features)."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(vocab=10, features=4), ("f32[3, 5, 4]",)), Example(cls(vocab=7, features=3), ("f32[3]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        problem = UnequalFeatures(self.op_name(), x, Dim.of(self.features), blame="x")
        need_equal(facts, self.op_name(), x.shape[-1], self.features, "so that x has the embedding's features", problem)
        return x.with_shape((*x.shape[:-1], require_positive(facts, self.op_name(), "vocab", self.vocab)))

    def params(self, x: TensorType) -> dict[str, Weight]:
        return vectors(self)

    def apply(self, scope: Scope, x: Array) -> Array:
        return contract(scope.kernels, x, scope.param("embedding").astype(x.dtype), over=((x.ndim - 1,), (1,)))

    def flops(self, x: TensorType) -> Dim:
        return x.size * 2 * self.vocab

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(-1)


def vectors(op: Embed | EmbedAttend) -> dict[str, Weight]:
    """The table of vectors, a map from one-hot numbers whose fans are those of its transpose."""
    table = kernel("embedding", (op.vocab,), (op.features,), op.init)
    fan_in, fan_out = table.fan or (None, None)
    return {"embedding": Weight(table.shape, op.init, fan=(fan_out, fan_in) if fan_in and fan_out else None)}
