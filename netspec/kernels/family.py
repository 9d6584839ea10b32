"""Defines a family of kernels: its reference says what is computed, and its variants compute the same in other ways.

    @reduce_window.variant(on=["cpu"], when=tiles)
    def by_slices(x, *, start, combine, size, stride, padding):
        '''What it does, and the figures that say where it wins.'''

A variant has the arguments and the results of its reference, and is held to it by `netspec.testing.check_kernel`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from netspec.record import record

Given = ParamSpec("Given")
Result = TypeVar("Result", covariant=True)
Condition = Callable[..., str]
"""`when(place, *arguments, **options)`, arrays as their shapes and dtypes -> why the variant is to be chosen, or "" where it is not."""


@record
class Place:
    """Where a kernel runs: what a condition may ask besides the arguments."""

    path: str
    """The layer's path, as parameters are stored: `layer_{0:4}/dense` for four layers of a `repeat`."""
    backend: str
    """"cpu", "gpu" or "tpu"."""
    differentiated: bool
    """Its gradient is taken too."""


class Sample:
    """Arguments that a family accepts: arrays are written as types (`"f32[2, 8]"`, `"key"` for a random key), inside
    dicts and lists too."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.arguments, self.options = arguments, options

    def __repr__(self) -> str:
        return ", ".join([*map(str, self.arguments), *(f"{name}={value}" for name, value in self.options.items())])


class Variant:
    """One way to compute what a family says."""

    plugin: str = ""
    """The plugin that brought it; netspec sets it."""

    def __init__(
        self,
        family: Family[Any, Any],
        function: Callable[..., Any],
        on: Collection[str],
        when: Condition | None,
        forward_only: bool,
        slow_in_loops: Collection[str],
        samples: Sequence[Sample],
    ) -> None:
        self.family, self.function, self.on, self.when = family, function, frozenset(on), when
        self.forward_only, self.slow_in_loops, self.samples = forward_only, frozenset(slow_in_loops), tuple(samples)

    @property
    def name(self) -> str:
        """`by_slices`, a plugin's behind its name: `acme.by_slices`; that of a reference is `reference`."""
        if self is self.family.reference:
            return "reference"
        return f"{self.plugin}.{self.function.__name__}" if self.plugin else self.function.__name__

    def reason(self, place: Place, arguments: tuple[Any, ...], options: dict[str, Any]) -> str:
        """Why it is to be chosen for these arguments, of which arrays are shapes and dtypes; "" where it is not."""
        if (self.on and place.backend not in self.on) or (self.forward_only and place.differentiated):
            return ""
        if self.when is None:
            return f"on {place.backend}" if self.on else "everywhere"
        found = self.when(place, *arguments, **options)
        return found if isinstance(found, str) else "its condition holds" if found else ""

    def refusal(self, place: Place) -> str:
        """What is said where it was asked and has no reason."""
        if self.on and place.backend not in self.on:
            return f"{self.name} is for {', '.join(sorted(self.on))}"
        return f"{self.name} has no gradient" if self.forward_only and place.differentiated else f"{self.name} does not apply"


class Choosing(Protocol):
    """What a scope has as `kernels`."""

    def choose(self, family: Family[Any, Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> Variant: ...


class Family(Generic[Given, Result]):
    """A reference, which is called with the scope's choice of kernels in front of its arguments."""

    def __init__(self, function: Callable[Given, Result], samples: Sequence[Sample], slow_in_loops: Collection[str]) -> None:
        self.name, self.samples, self.__doc__ = function.__name__, tuple(samples), function.__doc__
        self.reference = Variant(self, function, (), None, False, slow_in_loops, ())

    def __call__(self, kernels: Choosing, /, *arguments: Given.args, **options: Given.kwargs) -> Result:
        return kernels.choose(self, arguments, options).function(*arguments, **options)

    def variant(
        self,
        *,
        on: Collection[str] = (),
        when: Condition | None = None,
        forward_only: bool = False,
        slow_in_loops: Collection[str] = (),
        samples: Sequence[Sample] = (),
    ) -> Callable[[Callable[..., Any]], Variant]:
        """Make a function a variant on these backends (all without any), for arguments of which `when` says why.

        `forward_only`: it has no gradient. `samples` are arguments that it is tried with besides those of the family.
        """
        return lambda function: Variant(self, function, on, when, forward_only, slow_in_loops, samples)


def family(*samples: Sample, slow_in_loops: Collection[str] = ()) -> Callable[[Callable[Given, Result]], Family[Given, Result]]:
    """Make a function the reference of a family of its name.

    `samples` are what variants are tried with. `slow_in_loops` are the backends on which its gradient is much slower inside `lax.scan` than
    outside of it, for which a `repeat` around it is unrolled.
    """
    return lambda function: Family(function, samples, slow_in_loops)
