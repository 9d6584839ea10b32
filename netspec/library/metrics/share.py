"""Defines the base of metrics that count how many of the values are right."""

from __future__ import annotations

from typing import Any, ClassVar

from netspec.library.base import Array, Metric
from netspec.library.metrics.exact_sums import number, ratio, tally


class Share(Metric):
    """Its values are 1 where something is right, else 0; counts under weights 0 and 1 are exact."""

    better: ClassVar[str] = "higher"
    sloped: ClassVar[bool] = False

    def statistics(self, values: Array, weight: Array) -> Any:
        return {"right": tally(values * weight), "all": tally(weight)}

    def finish(self, statistics: Any) -> Array:
        return ratio(number(statistics["right"]), number(statistics["all"]))
