"""Defines the state of a `train` section while it is elaborated."""

from __future__ import annotations

from netspec.infer.frame import World
from netspec.ir import Body, DataPlan
from netspec.record import record
from netspec.syntax import tree


@record(eq=False)
class Section:
    """A `train` section while it is elaborated."""

    world: World
    node: tree.Train
    model: Body
    data: DataPlan
    accumulate: int = 1

    def setting(self, key: str) -> tree.Setting | None:
        return find_setting(self.node.body, key)

    def group(self, key: str) -> tree.Group | None:
        return next((i for i in self.node.body.items if isinstance(i, tree.Group) and i.key == key), None)

    @property
    def updates(self) -> list[tree.Group]:
        return find_updates(self.node.body)

    @property
    def batch_size(self) -> int:
        """Examples of one step; 1 where nothing counts them."""
        return (self.data.batch or 1) * self.accumulate


def find_setting(body: tree.Settings, key: str) -> tree.Setting | None:
    return next((i for i in body.items if isinstance(i, tree.Setting) and i.key == key), None)


def find_updates(body: tree.Settings) -> list[tree.Group]:
    return [i for i in body.items if isinstance(i, tree.Group) and i.key == "update"]
