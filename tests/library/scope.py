"""What the tests of the shelf use of `netspec.testing`: a `Scope` for one op on its own, and types and inputs from examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from netspec.shape import TensorType
from netspec.shape.types import JAX_DTYPES
from netspec.testing.trial_scope import TestScope, draw, sample
from netspec.tools.reference_examples import type_of as parse

__all__ = ["TestScope", "applied", "draw", "parse", "sample", "typed"]
_SHORT = {long: short for short, long in JAX_DTYPES.items()}


def typed(scope: Any, *inputs: Any, **named: Any) -> Any:
    """The scope, with the types that these inputs have."""
    scope.types, scope.named = tuple(map(kind_of, inputs)), {name: kind_of(x) for name, x in named.items()}
    return scope


def applied(op: Any, scope: Any, *inputs: Any, **named: Any) -> Any:
    """What an op makes of some inputs, of whatever type they are."""
    return op.apply(typed(scope, *inputs, **named), *inputs, **named)


def kind_of(x: Any) -> Any:
    """An array's type; a number is its own."""
    return TensorType(_SHORT.get(x.dtype.name, "f32"), np.shape(x)) if hasattr(x, "dtype") else x
