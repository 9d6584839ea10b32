"""Defines the state of a `train` section while it is elaborated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from netspec.diagnostics.base import Diagnostic
from netspec.infer.frame import World
from netspec.ir import Body, DataPlan
from netspec.record import record
from netspec.resolve.setting_names import GROUPS, SETTINGS
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


def find_meant(body: tree.Settings, section: str) -> frozenset[str]:
    """The settings that lines of other names stand for, which are reported: `epochs = 5` is meant for `duration`."""
    if all(is_known(item, section) for item in body.items):
        return frozenset()
    from netspec.resolve.foreign_settings.strangers import find_targets  # only specs with a problem need it

    return find_targets(body, section)


def is_known(item: tree.SettingItem, section: str) -> bool:
    """Whether a line is one that the section may have."""
    known = SETTINGS[section] if isinstance(item, tree.Setting) else GROUPS[section]
    return not isinstance(item, tree.Setting | tree.Group) or item.key in known


@contextmanager
def keep_silent(world: World, lacks: Callable[[Diagnostic], bool], when: bool) -> Iterator[None]:
    """Inside, such problems stay silent: a line that is reported says what is missing there."""
    before = world.doubtful
    if when:
        world.doubtful = lambda problem: lacks(problem) or (before is not None and before(problem))
    try:
        yield
    finally:
        world.doubtful = before
