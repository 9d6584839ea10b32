"""Keeps sums of batches exact for metrics, because a float sum in f32 stops counting at 2**24.

A tally is a dict of two sums: `whole`, in i32, of the numbers that are whole and small, and `rest`, in floats, of all others. So counts
under weights 0 and 1 are exact within a batch, and the host adds batches in f64.
"""

from __future__ import annotations

from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array

Tally = dict[str, Array]

LIMIT = 2**31 - 1
SMALL = 256
"""Whole numbers up to this one are summed in integers, as long as no sum of them can overflow."""


def largest_summable(count: int) -> int:
    """The largest whole number of which `count` can be summed in i32, at most `SMALL`."""
    return min(SMALL, LIMIT // max(count, 1))


def split(numbers: Array) -> Tally:
    """Each number as a whole part and a rest; one of the two is 0."""
    whole = jnp.where((numbers == jnp.floor(numbers)) & (jnp.abs(numbers) <= largest_summable(numbers.size)), numbers, 0)
    return {"whole": whole.astype(jnp.int32), "rest": numbers - whole}


def tally(numbers: Array, axes: tuple[int, ...] | None = None) -> Tally:
    """The sum over axes, over all of them by default."""
    return {name: jnp.sum(part, axis=axes, dtype=part.dtype) for name, part in split(numbers).items()}


def tally_examples(numbers: Array, kept: int) -> Tally:
    """The sum over all axes but the last `kept`."""
    return tally(numbers, tuple(range(numbers.ndim - kept)))


def tally_bins(numbers: Array, places: Array, size: int) -> Tally:
    """The sums of the numbers at each place 0 .. size-1; [size]."""
    parts = split(numbers.reshape(-1))
    return {name: jax.ops.segment_sum(part, places.reshape(-1), size) for name, part in parts.items()}


def binned_shares(shares: Array, weight: Array, places: Array, size: int) -> tuple[Tally, Tally]:
    """The weighted sums at each place of numbers 0 .. 1, in two parts for `shares_of`: in steps of 1/256, and what is left."""
    steps = jnp.floor(shares * SMALL)
    return tally_bins(steps * weight, places, size), tally_bins((shares - steps / SMALL) * weight, places, size)


def shares_of(parts: tuple[Tally, Tally]) -> Array:
    """The sum that was taken in two parts."""
    return number(parts[0]) / SMALL + number(parts[1])


def number(tally: Tally) -> Array:
    """What a tally sums to, in the precision that its rest has when it is read."""
    return tally["whole"].astype(tally["rest"].dtype) + tally["rest"]


def ratio(above: Array, below: Array, empty: float = 0) -> Array:
    """above / below, and `empty` where `below` is 0."""
    return jnp.where(below != 0, above / jnp.where(below != 0, below, 1), empty)


# --- sums of two floats ------------------------------------------------------------------------------------------------


def product(left: Array, right: Array) -> tuple[Array, Array]:
    """left * right as an f32 and what its rounding lost (Dekker 1971); other floats multiply as they do."""
    whole = left * right
    if whole.dtype != jnp.float32:
        return whole, jnp.zeros_like(whole)
    (a, b), (c, d) = _halves(left), _halves(right)
    return whole, ((a * c - whole) + a * d + b * c) + b * d


def _halves(x: Array) -> tuple[Array, Array]:
    """A number as two of 12 bits each, whose products are exact in f32."""
    bits = lax.bitcast_convert_type(x, jnp.uint32) & jnp.uint32(0xFFFFF000)
    high = lax.bitcast_convert_type(bits, jnp.float32)
    return high, x - high


def sum_precise(high: Array, low: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """The sum of high + low over axes as two floats that together have twice the precision of one (Knuth's two-sum at each step)."""
    zero = jnp.zeros((), high.dtype)
    return lax.reduce((high, low), (zero, zero), _add_precise, axes)


def _add_precise(left: tuple[Array, Array], right: tuple[Array, Array]) -> tuple[Array, Array]:
    """The sum of two pairs of floats, what rounding loses carried along."""
    total = left[0] + right[0]
    other = total - left[0]
    lost = (left[0] - (total - other)) + (right[0] - other) + left[1] + right[1]
    high = total + lost
    return high, lost - (high - total)
