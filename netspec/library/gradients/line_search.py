"""Finds how far to go along a direction by the strong Wolfe conditions: it makes a step longer first, and then closes in on it.

Nocedal and Wright 2006, Numerical optimization, algorithms 3.5 and 3.6; close to a minimum, where values differ by rounding only, the
slope decides instead (Hager and Zhang 2006, Algorithm 851).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from netspec.lazy import jnp, lax
from netspec.library.base import Array

DECREASE, CURVATURE, FLAT, NARROW = 1e-4, 0.9, 1e-6, 1e-5
"""How much of the promised decrease is enough, how much of the slope may be left, what change of the value counts as rounding, and how
short an interval of lengths is not divided further."""


class Point(NamedTuple):
    """A length of step, the loss there and its slope along the direction."""

    length: Array
    value: Array
    slope: Array


class Search(NamedTuple):
    """What a search knows after `count` points."""

    count: Array
    last: Point
    low: Point
    high: Point
    third: Point
    """An end that the interval had before."""
    safe: Point
    """A point that is low enough, though perhaps too steep; the start as long as there is none."""
    closing: Array
    """Is there an interval that holds a good length?"""
    done: Array
    failed: Array
    outside: Array
    """Is there no finite loss at the last point?"""


def length_of_step(at: Callable[[Array], Point], start: Point, most: int) -> Array:
    """A length at which the loss is low and flat enough, or the best that `most` evaluations find; 0 where the loss is never finite."""
    no, none = jnp.zeros((), bool), jnp.zeros((), jnp.int32)
    search = Search(none, start, start, start, start, start, no, no, no, no)
    search = lax.while_loop(lambda s: ~(s.done | s.failed), lambda s: take_point(at, start, most, s), search)
    safer = search.failed & ((search.safe.length > 0) | search.outside)
    return jnp.where(safer, search.safe.length, search.last.length)


def take_point(at: Callable[[Array], Point], start: Point, most: int, search: Search) -> Search:
    """The search after one more point."""
    longer = jnp.where(search.count == 0, 1, 2 * search.last.length)
    point = at(jnp.where(search.closing, choose_inside(search), longer).astype(start.length.dtype))
    excess = measure_excess(point, start)
    enough = excess <= 0
    done = enough & (jnp.abs(point.slope) <= CURVATURE * jnp.abs(start.slope))
    new = choose_tree(search.closing, close_in(search, point, enough), widen_search(search, point, enough))
    spent = search.count + 1 >= most
    stuck = search.closing & (jnp.abs(search.high.length - search.low.length) <= NARROW) & (new.safe.length > 0)
    return new._replace(
        count=search.count + 1,
        last=point,
        closing=new.closing | done,
        done=done,
        failed=(spent | stuck) & ~done,
        outside=~jnp.isfinite(excess),
    )


def measure_excess(point: Point, start: Point) -> Array:
    """By how much the value is above what the slope promises, or near the start the slope above what it should be."""
    promised = point.value - start.value - DECREASE * point.length * start.slope
    steep = point.slope - (2 * DECREASE - 1) * start.slope
    return jnp.minimum(promised, jnp.maximum(steep, point.value - start.value - FLAT * jnp.abs(start.value)))


def widen_search(search: Search, point: Point, enough: Array) -> Search:
    """With a longer step: when it is too long, or the slope has turned, the interval between the last two holds a good one."""
    last = search.last
    beyond = ~enough | ((point.value >= last.value) & (search.count > 0))
    turned = ~beyond & (point.slope >= 0)
    low, high = choose_tree(turned, (point, last), (last, point))
    return search._replace(low=low, high=high, third=low, safe=choose_tree(enough, point, search.safe), closing=beyond | turned)


def close_in(search: Search, point: Point, enough: Array) -> Search:
    """With a point inside of the interval: its low end stays the lowest that is enough, its slope there towards the other end."""
    low, high = search.low, search.high
    above = ~enough | (point.value >= low.value)
    back = ~above & (point.slope * (high.length - low.length) >= 0)
    return search._replace(
        low=choose_tree(above, low, point),
        high=choose_tree(above, point, choose_tree(back, low, high)),
        third=choose_tree(above | back, high, low),
        safe=choose_tree(enough & (point.value < search.safe.value), point, search.safe),
    )


def choose_tree(condition: Array, first: Any, second: Any) -> Any:
    """One of two trees."""
    from netspec.lazy import jax

    return jax.tree.map(lambda x, y: jnp.where(condition, x, y), first, second)


def choose_inside(search: Search) -> Array:
    """Where a cubic through low, high and third is least, else a parabola through low and high, else the middle.

    The first two only when they keep some distance from the ends.
    """
    low, high = search.low, search.high
    left, right = jnp.minimum(low.length, high.length), jnp.maximum(low.length, high.length)
    width = right - left
    cubic, parabola = least_of_cubic(low, high, search.third), least_of_parabola(low, high)
    fits = (cubic > left + 0.2 * width) & (cubic < right - 0.2 * width)
    rough = (parabola > left + 0.1 * width) & (parabola < right - 0.1 * width)
    return jnp.where(fits, cubic, jnp.where(rough, parabola, (left + right) / 2))


def least_of_parabola(a: Point, b: Point) -> Array:
    """Of the parabola with a's value and slope and b's value."""
    way = b.length - a.length
    return a.length - a.slope * way**2 / (2 * (b.value - a.value - a.slope * way))


def least_of_cubic(a: Point, b: Point, c: Point) -> Array:
    """Of the cubic with a's value and slope and the values of b and c; NaN when it has none."""
    to_b, to_c = b.length - a.length, c.length - a.length
    rest_b = (b.value - a.value - a.slope * to_b) / to_b**2
    rest_c = (c.value - a.value - a.slope * to_c) / to_c**2
    third = (rest_b - rest_c) / (to_b - to_c)
    second = rest_b - third * to_b
    return a.length + (-second + jnp.sqrt(second**2 - 3 * third * a.slope)) / (3 * third)
