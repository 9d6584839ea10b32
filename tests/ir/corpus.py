"""Every body that the shipped models, the published architectures and the samples are made of."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from netspec.compile import check
from netspec.files import models_dir
from netspec.ir import Body, Typed

TESTS = Path(__file__).parents[1]
SPECS = [*sorted(models_dir().glob("*.net")), *sorted((TESTS / "architectures").glob("*.net")), *sorted((TESTS / "samples").glob("*.net"))]


@lru_cache(maxsize=64)
def typed(path: Path) -> Typed:
    found = check(path).typed
    assert found is not None
    return found


def roots(path: Path) -> Iterator[Body]:
    """The models of a file, and the bodies of its objectives."""
    yield from typed(path).models.values()
    for plan in typed(path).trains:
        yield plan.model
        for objective in (plan.objective, plan.eval.objective, *(update.objective for update in plan.updates)):
            yield from (objective.body, objective.finish)
