"""Different optimizers for different parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from netspec.library.base import Array, Clock, Example, Leaf, Optimizer, Transformation
from netspec.library.base.field_bounds import BeforeValidator
from netspec.library.base.path_patterns import matches
from netspec.library.gradients.core import compose
from netspec.library.gradients.groups import ELSE, groups, members
from netspec.library.optimizers.adam import Adam, AdamW
from netspec.library.optimizers.gradient_changes import Freeze
from netspec.library.optimizers.gradient_descent import Sgd


def require_patterns(given: Any) -> Any:
    """A dict of optimizers by pattern. Raises ValueError for another dict."""
    if not isinstance(given, dict) or not given or not all(isinstance(value, Optimizer) for value in given.values()):
        raise ValueError('optimizers by pattern: `{"embed/**": adam(0.0001), else: sgd(0.1)}`')
    return given


if TYPE_CHECKING:
    ByPattern = dict[str, Optimizer]
else:
    ByPattern = Annotated[dict[str, Optimizer], BeforeValidator(require_patterns)]


class Groups(Optimizer):
    """Different optimizers for different parameters: `groups({"embed/**": adam(1e-4), else: sgd(0.1)})`.

    Every parameter is in exactly one group: that of the pattern which matches its path, or `else`. A group may hold a whole chain, whose
    `clip_by_global_norm` then sees the group alone; what stands before `groups` sees all parameters. `freeze()` as a group's optimizer
    leaves its parameters as they are.
    """

    source = "optax, partition; flax.optim MultiOptimizer"

    groups: ByPattern
    """An optimizer for each pattern over parameter paths; `else` is for all that no pattern matches."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(groups={"**/kernel": AdamW(learning_rate=1e-3), "else": Adam(learning_rate=1e-3)})),
            Example(cls(groups={"**/bias": Freeze(), "else": Sgd(learning_rate=0.1, momentum=0.9)})),
        )

    def parts_on(self, paths: Collection[str]) -> Iterator[tuple[tuple[str, ...], Optimizer, Collection[str]]]:
        labels = members(self.groups.keys(), paths)
        for name, inner in self.groups.items():
            yield ("groups", name), inner, tuple(path for path, own in labels.items() if own == name)

    def frozen(self, paths: Collection[str]) -> set[str]:
        """A buffer is in the group of the first pattern that matches it."""
        named = {path: next((name for name in self.groups if name != ELSE and matches(name, path)), ELSE) for path in paths}
        own = {name: [path for path in paths if named[path] == name] for name in self.groups}
        return {path for name, inner in self.groups.items() for path in inner.frozen(own[name])}

    def rates(self, step: Array, clock: Clock, state: Any) -> dict[str, Array | float]:
        """By the patterns of the groups."""
        found = {name: inner.rates(step, clock, None) for name, inner in self.groups.items()}
        return {" ".join(filter(None, (name, below))): rate for name, own in found.items() for below, rate in own.items()}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when a pattern matches no path, two match the same one, or a path is in no group."""
        builds = {name: lambda own, inner=inner: inner.build(clock, own) for name, inner in self.groups.items()}
        return compose(groups=groups(builds, leaves))
