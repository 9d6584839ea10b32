"""Orders the examples by pure functions of (seed, epoch), so that a resumed run sees the same stream.

What examples draw by themselves is in `draws`. Random numbers here are the raw 64-bit outputs of the counter-based Philox generator, keyed
by (seed, epoch); NumPy keeps those the same in every version, which it does not promise for `permutation` or `shuffle`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import NoFullBatch
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.transforms.steps import Partial, Shuffle
from netspec.record import record

ORDER, MIX, SHARE = 1, 3, 5
"""What a generator is for: different purposes never share random numbers."""
WORD = 2**64


def epoch_order(seed: int, epoch: int, n: int, shuffle: Shuffle | None) -> Array:
    """The n example indices (int64) in the order of this epoch, each exactly once.

    Without `shuffle` the order is that of the data. `shuffle` alone gives every permutation the same chance. `shuffle(buffer=k)` keeps k
    examples at hand, emits one of them at random and refills its place with the next one; k >= n is the same as no buffer.
    """
    if shuffle is None:
        return np.arange(n, dtype=np.int64)
    draws = np.random.Philox(key=_key(seed, epoch), counter=[0, 0, 0, ORDER]).random_raw(n)
    if shuffle.buffer is None or shuffle.buffer >= n:
        return np.argsort(draws, kind="stable").astype(np.int64)
    return _order_buffered(draws.tolist(), shuffle.buffer)


@record(eq=False)
class Order:
    """Which examples an epoch has, one after another."""

    indices: Array
    """i64[n]."""
    epochs: Array
    """i64[n]: how often each was seen before, by which it draws anew."""


def repeat_order(seed: int, epoch: int, n: int, shuffle: Shuffle | None, times: int = 1) -> Order:
    """All n examples `times` times, each time in an order of its own."""
    passes = range(epoch * times, (epoch + 1) * times)
    orders = [epoch_order(seed, each, n, shuffle) for each in passes]
    return Order(np.concatenate(orders), np.repeat(np.array(passes, np.int64), n))


def mix_order(seed: int, epoch: int, sources: Array, weights: Sequence[float], shuffle: Shuffle | None = None, times: int = 1) -> Order:
    """As many visits as there are examples, of each source (i64[n] says whose an example is) as many as its weight says.

    A source is gone through pass by pass, each in an order of its own; an epoch goes on where the one before has ended.
    """
    rows = {own: found for own in range(len(weights)) if len(found := np.flatnonzero(sources == own))}
    quotas = share_out(len(sources), [weights[own] for own in rows])
    parts = []
    for each in range(epoch * times, (epoch + 1) * times):
        own = [_visits(seed + (source << 32), each * q, q, found, shuffle) for (source, found), q in zip(rows.items(), quotas, strict=True)]
        draws = np.random.Philox(key=_key(seed, each), counter=[0, 0, 0, SHARE]).random_raw(len(sources))
        turns = np.repeat(np.arange(len(own)), quotas)[np.argsort(draws, kind="stable")]
        place = np.argsort(turns, kind="stable")
        visits = np.empty((2, len(sources)), np.int64)
        visits[:, place] = np.concatenate(own, axis=1)
        parts.append(visits)
    indices, epochs = np.concatenate(parts, axis=1)
    return Order(indices, epochs)


def _visits(seed: int, start: int, count: int, rows: Array, shuffle: Shuffle | None) -> Array:
    """i64[2, count]: from a visit of a source on the examples and their passes."""
    passes, places = np.divmod(np.arange(start, start + count), len(rows))
    orders = {each: rows[epoch_order(seed, each, len(rows), shuffle)] for each in np.unique(passes).tolist()}
    indices = [orders[each][place] for each, place in zip(passes.tolist(), places.tolist(), strict=True)]
    return np.stack([np.array(indices, np.int64), passes])


def share_out(count: int, weights: Sequence[float]) -> list[int]:
    """So many in proportion to the weights, rounded by largest remainder, the first of equals first."""
    exact = [count * weight / sum(weights) for weight in weights]
    found = [int(share) for share in exact]
    for place in sorted(range(len(weights)), key=lambda k: found[k] - exact[k])[: count - sum(found)]:
        found[place] += 1
    return found


def _order_buffered(draws: list[int], size: int) -> Array:
    """The order that a buffer of this size gives: one of those it holds is drawn, and the next takes its place."""
    n = len(draws)
    held = list(range(size))
    order = np.empty(n, np.int64)
    for i, draw in enumerate(draws):
        slot = draw % len(held)
        order[i] = held[slot]
        if size + i < n:
            held[slot] = size + i
        else:
            held[slot] = held[-1]
            held.pop()
    return order


def _key(seed: int, epoch: int) -> Array:
    """The key of the generator for one epoch."""
    return np.array([seed % WORD, epoch % WORD], dtype=np.uint64)


def batch_count(n: int, size: int, partial: Partial) -> int:
    """How many batches an epoch of n examples has. Raises `Mistake` when there would be none."""
    count = _count(n, size, partial)
    if count == 0:
        raise Mistake(NoFullBatch(examples=n, size=size))
    return count


def _count(n: int, size: int, partial: Partial) -> int:
    """How many batches examples come to, a partial one counted or not."""
    return n // size if partial == "drop" else -(-n // size)


def batches(order: Array, size: int, partial: Partial) -> Iterator[tuple[Array, Array]]:
    """(indices int64[size], weights f32[size]) of each batch, in order.

    "drop" leaves out a last batch that is not full. "pad" fills it up with copies of its first example at weight 0, so each example of
    the order counts exactly once. Evaluation always pads.
    """
    for i in range(batch_count(len(order), size, partial)):
        part = order[i * size : (i + 1) * size]
        missing = size - len(part)
        indices = np.concatenate([part, np.repeat(part[:1], missing)]) if missing else part
        yield indices, (np.arange(size) < len(part)).astype(np.float32)


# --- batches of examples that are alike -----------------------------------------------------------------------------------------------


def bucket_count(bucket: Array, size: int, partial: Partial) -> int:
    """How many batches an epoch has when a batch holds examples of one bucket only (int64[n], each example's bucket)."""
    count = sum(_count(int(n), size, partial) for n in np.bincount(bucket))
    if count == 0:
        raise Mistake(NoFullBatch(examples=len(bucket), size=size))
    return count


def bucket_batches(order: Array, bucket: Array, size: int, partial: Partial) -> list[tuple[Array, Array]]:
    """As `batches`, with examples of one bucket in each, in the order in which batches fill up when examples come one by one."""
    found: list[tuple[int, tuple[Array, Array]]] = []
    ordered = bucket[order]
    for each in np.unique(ordered):
        places = np.flatnonzero(ordered == each)
        if _count(len(places), size, partial):
            last = np.minimum(np.arange(1, _count(len(places), size, partial) + 1) * size, len(places)) - 1
            found += zip(places[last].tolist(), batches(order[places], size, partial), strict=True)
    return [batch for _, batch in sorted(found, key=lambda pair: pair[0])]


def mix_batches(seed: int, epoch: int, count: int) -> Array:
    """The order (int64[count]) in which the batches of an epoch come, every one with the same chance."""
    draws = np.random.Philox(key=_key(seed, epoch), counter=[0, 0, 0, MIX]).random_raw(count)
    return np.argsort(draws, kind="stable").astype(np.int64)
