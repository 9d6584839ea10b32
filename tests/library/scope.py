"""What the tests of the shelf use of `netspec.testing`: a `Scope` for one op on its own, and types and inputs from examples."""

from __future__ import annotations

from netspec.testing.trial_scope import TestScope, draw, sample
from netspec.tools.reference_examples import type_of as parse

__all__ = ["TestScope", "draw", "parse", "sample"]
