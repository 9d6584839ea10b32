"""How a sequence is generated from what a model says of its next element: `serve M { tokens = greedy(logits, limit=50) }`.

A decoder meets the model through `Steps`, and is the same however the model is run. Log-probabilities are in at least f32.
"""

from __future__ import annotations

from typing import Annotated, Any

from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array, Example, Positive
from netspec.library.base.field_bounds import Field
from netspec.library.decoders.protocol import Carry, Decoded, Decoder, Steps


class _OneByOne(Decoder):
    """A decoder that chooses an element and never comes back to it."""

    def decode(self, steps: Steps) -> Decoded:
        """One element after another, until all sequences have ended."""
        count = steps.examples
        answer = Decoded(jnp.zeros((count, self.limit), jnp.int32), jnp.zeros((count,), jnp.int32), jnp.zeros((count,), jnp.float32))
        state = (jnp.int32(0), steps.begin(1), _parts(answer), jnp.zeros((count,), bool))
        _, _, parts, _ = lax.while_loop(self._goes_on, lambda state: self._step(steps, *state), state)
        return Decoded(*parts)

    def _goes_on(self, state: tuple[Array, Carry, Any, Array]) -> Array:
        """Whether any sequence may grow further."""
        return (state[0] < self.limit) & ~jnp.all(state[-1])

    def _step(self, steps: Steps, place: Array, carry: Carry, parts: tuple[Array, ...], done: Array) -> tuple[Array, Carry, Any, Array]:
        """Each sequence with its next element; one that has ended stays as it is."""
        tokens, length, score = parts
        said, carry = steps.logits(carry, place)
        logits = _widen_logits(said)
        chosen = jnp.where(done, 0, self.choose(logits, steps, place)).astype(jnp.int32)
        gain = jnp.take_along_axis(jax.nn.log_softmax(logits), chosen[:, None], 1)[:, 0]
        after = (tokens.at[:, place].set(chosen), length + ~done, score + jnp.where(done, 0, gain).astype(score.dtype))
        done = done if self.stop is None else done | (chosen == self.stop)
        return place + 1, steps.push(carry, place, chosen), after, done

    def choose(self, logits: Array, steps: Steps, place: Array) -> Array:
        """[B, V] -> the elements that are chosen, [B]."""
        raise TypeError(f"{self.op_name()} chooses nothing")


class Greedy(_OneByOne):
    """The likeliest element at every position; of equal ones the first."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(limit=6, start=2, stop=1), ("f32[4, 3, 15]",)), Example(cls(limit=3), ("bf16[2, 5, 7]",)))

    def choose(self, logits: Array, steps: Steps, place: Array) -> Array:
        return jnp.argmax(logits, -1)


class Sample(_OneByOne):
    """Each element is drawn with the probability that the model gives it, sharpened and cut as the arguments say.

    In this order: the logits / temperature; of these the `top_k` largest; of these, from the largest on, as many as it takes to have the
    probability `top_p`. What is drawn depends on the seed, the example's index and the position, not on batches or devices.
    """

    source = "Fan et al., Hierarchical Neural Story Generation, 2018 (top_k); Holtzman et al., Neural Text Degeneration, 2020 (top_p)"

    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Below 1 likely elements become likelier, near 0 it is greedy; above 1 all become more alike."""
    top_k: Positive | None = None
    """Draw from so many of the likeliest elements; from all when absent."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    """Draw from the fewest likeliest elements that have this probability together; from all when absent."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(limit=50, temperature=0.6, top_k=20), ("f32[4, 3, 64]",)),
            Example(cls(limit=4, start=1, stop=0, top_p=0.9), ("f32[2, 5, 7]",)),
        )

    def choose(self, logits: Array, steps: Steps, place: Array) -> Array:
        return jnp.argmax(self.kept(logits) + steps.noise(place, logits.shape[-1]).astype(logits.dtype), -1)

    def kept(self, logits: Array) -> Array:
        """[B, V]: the logits that are drawn from, -inf for what is not. Of elements as likely as the last one kept all are kept."""
        logits = logits / self.temperature
        if self.top_k is not None and self.top_k < logits.shape[-1]:
            logits = _drop_below(logits, lax.top_k(logits, self.top_k)[0][:, -1:])
        if self.top_p is not None:
            ordered = -jnp.sort(-logits, -1)
            share = jax.nn.softmax(ordered, -1)
            before = jnp.cumsum(share, -1) - share
            logits = _drop_below(logits, jnp.min(jnp.where(before < self.top_p, ordered, jnp.inf), -1, keepdims=True))
        return logits


class Beam(Decoder):
    """Keeps the `size` best beginnings at every position, and gives the best of the answers that have come to their end.

    An answer's rank is its log-probability / ((5 + length) / 6)^length_penalty, `stop` counted in its length. At each position the
    2 · size best continuations are looked at: those by `stop` are answers, the best of the others go on. The search ends at `limit`, where
    beginnings count as answers too, or when no beginning can become better than the best answer.
    """

    source = "Wu et al., Google's Neural Machine Translation System, 2016; Flax, examples/wmt"

    size: Positive = 4
    """How many beginnings are kept."""
    length_penalty: Annotated[float, Field(ge=0)] = 0.6
    """Above 0 longer answers rank higher; 0 ranks by probability alone."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(limit=20, start=2, stop=1, size=4), ("f32[4, 3, 30]",)),
            Example(cls(limit=5, size=2, length_penalty=0.0), ("f32[2, 5, 7]",)),
        )

    def decode(self, steps: Steps) -> Decoded:
        """The best of several sequences that grow side by side."""
        count = steps.examples
        tokens = jnp.zeros((count, self.size, self.limit), jnp.int32)
        scores = jnp.broadcast_to(jnp.where(jnp.arange(self.size) == 0, 0.0, -jnp.inf), (count, self.size)).astype(jnp.float32)
        best = Decoded(tokens[:, 0], jnp.zeros((count,), jnp.int32), jnp.full((count,), -jnp.inf, jnp.float32))
        state = (jnp.int32(0), steps.begin(self.size), tokens, scores, _parts(best))
        _, _, tokens, scores, parts = lax.while_loop(self._goes_on, lambda state: self._step(steps, *state), state)
        return self._better(Decoded(*parts), tokens, scores, self.limit)

    def ranked(self, score: Array, length: Array | int) -> Array:
        """What answers are compared by."""
        return score / ((5.0 + length) / 6.0) ** self.length_penalty

    def _goes_on(self, state: tuple[Array, Carry, Array, Array, Any]) -> Array:
        """Some beginning, were it certain of all that is to come, would be better than the best answer."""
        place, _, _, scores, (_, length, score) = state
        return (place < self.limit) & jnp.any(self.ranked(jnp.max(scores, 1), self.limit) > self.ranked(score, length))

    def _step(self, steps: Steps, place: Array, carry: Carry, tokens: Array, scores: Array, best: Any) -> tuple[Any, ...]:
        """The best sequences of one element more, and the best of those that have ended."""
        count, size = scores.shape
        said, carry = steps.logits(carry, place)
        gains = jax.nn.log_softmax(_widen_logits(said)).astype(scores.dtype)
        classes = gains.shape[-1]
        totals, places = lax.top_k((scores[..., None] + gains.reshape(count, size, classes)).reshape(count, -1), min(2, classes) * size)
        rows, chosen = places // classes, (places % classes).astype(jnp.int32)
        grown = jnp.take_along_axis(tokens, rows[..., None], 1).at[:, :, place].set(chosen)
        ends = jnp.zeros(chosen.shape, bool) if self.stop is None else chosen == self.stop
        answer = self._better(Decoded(*best), grown, jnp.where(ends, totals, -jnp.inf), place + 1)
        scores, kept = lax.top_k(jnp.where(ends, -jnp.inf, totals), size)
        rows, chosen = (jnp.take_along_axis(x, kept, 1) for x in (rows, chosen))
        carry = steps.pick(carry, (rows + size * jnp.arange(count)[:, None]).reshape(-1))
        carry = steps.push(carry, place, chosen.reshape(-1))
        return place + 1, carry, jnp.take_along_axis(grown, kept[..., None], 1), scores, _parts(answer)

    def _better(self, best: Decoded, tokens: Array, scores: Array, length: Array | int) -> Decoded:
        """The best so far, or one of these answers [B, size, limit] of equal length, by their log-probabilities [B, size]."""
        first = jnp.argmax(scores, 1)[:, None]
        score = jnp.take_along_axis(scores, first, 1)[:, 0]
        other = Decoded(jnp.take_along_axis(tokens, first[..., None], 1)[:, 0], jnp.full(score.shape, length, jnp.int32), score)
        wins = self.ranked(score, length) > self.ranked(best.score, best.length)
        pairs = zip(_parts(best), _parts(other), strict=True)
        return Decoded(*(jnp.where(wins.reshape((-1,) + (1,) * (new.ndim - 1)), new, old) for old, new in pairs))


def _parts(answer: Decoded) -> tuple[Array, Array, Array]:
    """The tokens [B, N], lengths [B] and scores [B] of an answer."""
    return answer.tokens, answer.length, answer.score


def _widen_logits(logits: Array) -> Array:
    """Logits in at least f32."""
    return logits.astype(jnp.promote_types(logits.dtype, jnp.float32))


def _drop_below(logits: Array, least: Array) -> Array:
    """Logits without the choices that are less likely than this."""
    return jnp.where(logits < least, -jnp.inf, logits)
