"""Makes what `map` of a data chain takes of a plain function: a plugin writes `@mapping` before it."""

from __future__ import annotations

import re
from collections.abc import Callable as Function
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, overload

from netspec.library.base.op import Example, Op

GENERATOR = "rng"
"""What the generator of random numbers is called among the parameters of a function."""


class ExampleFunction(Op):
    """A function of the values of one example, of NumPy alone, made by `mapping`."""

    kind = "mapping"
    function: ClassVar[Any] = None
    takes: ClassVar[int] = 1
    """How many fields it takes."""
    random: ClassVar[bool] = False
    """It draws from a generator, `rng`."""
    samples: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    """Arguments to try it with."""
    described: ClassVar[Mapping[str, str]] = {}
    """What is said of the arguments."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        plain = [] if any(argument.required for argument in cls.arguments().values()) else [{}]
        return tuple(Example(cls(**given)) for given in (*plain, *cls.samples))

    def __call__(self, values: Sequence[Any], rng: Any = None) -> tuple[Any, ...]:
        """The new values of an example's fields. `rng` is the example's own generator, of a function that draws."""
        drawn = {GENERATOR: rng} if self.random else {}
        made = type(self).function(*values, **drawn, **self.__dict__)
        return made if isinstance(made, tuple) else (made,)


@overload
def mapping(function: Function[..., Any], /) -> type[ExampleFunction]: ...
@overload
def mapping(*, samples: Sequence[Mapping[str, Any]] = ()) -> Function[[Function[..., Any]], type[ExampleFunction]]: ...
def mapping(function: Any = None, /, *, samples: Sequence[Mapping[str, Any]] = ()) -> Any:
    """What `map` takes, of a function `f(value, …) -> value`: of one example's values of one field or several, in the order of `map`'s
    `field`; of several it returns a tuple.

    Its keyword-only parameters are arguments in specs, with their types and defaults; a line `NAME: …` of its docstring describes one. A
    parameter `rng` gets a `numpy.random.Generator` for the example. `samples` are arguments that `netspec.testing.check_op` tries besides.
    """
    if function is None:
        return lambda given: mapping_of(given, samples)
    return mapping_of(function, samples)


def mapping_of(function: Any, samples: Sequence[Mapping[str, Any]]) -> type[ExampleFunction]:
    """The class, which stands in the function's module under its name, so that worker processes find it."""
    import inspect  # which `check` has no use for

    parameters = inspect.signature(function).parameters
    named = {name: p for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY and name != GENERATOR}
    values = [name for name, p in parameters.items() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and name != GENERATOR]
    about, described = read_description(inspect.getdoc(function) or "", named)
    parts = {
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "__doc__": about,
        "__annotations__": {name: p.annotation for name, p in named.items()},
        **{name: p.default for name, p in named.items() if p.default is not p.empty},
        "function": staticmethod(function),
        "takes": len(values),
        "random": GENERATOR in parameters,
        "samples": tuple(samples),
        "described": described,
    }
    return type(function.__name__, (ExampleFunction,), parts)


def read_description(text: str, names: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """A docstring without the lines that describe arguments, and these by name."""
    found: dict[str, str] = {}
    rest: list[str] = []
    name = ""
    for line in text.split("\n"):
        start = re.match(r"(\w+):\s+(.*)", line)
        name = start[1] if start and start[1] in names else name if name and line.startswith(" ") else ""
        if not name:
            rest.append(line)
        else:
            found[name] = f"{found[name]} {line.strip()}" if name in found else line.partition(":")[2].strip()
    return "\n".join(rest).strip(), found
