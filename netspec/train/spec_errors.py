"""Turns a `Mistake` from inside into a `SpecError`, whose text is the drawn diagnostic, at the doors from Python."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.spec_error import SpecError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def raise_spec_errors(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The function, raising `SpecError` where it raised `Mistake`."""

    @wraps(function)
    def speaking(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return function(*args, **kwargs)
        except Mistake as mistake:
            raise SpecError([mistake.diagnostic]) from mistake

    return speaking
