"""Loads plugins, the packages that put things of their own on the shelf, each under its namespace: `acme.fast_conv`.

A package has an entry point in the group `netspec.plugins`. Its name is the namespace; its value is a module, whose public ops are the
plugin's, or a function without arguments that gives their classes. They are classes as the shelf's own (`netspec.library.base.Layer`, …).
Variants of kernels stand beside them: those of a plugin that is asked for are tried before netspec's own.
Nothing of a package is imported before `enable_plugins` names it; what is installed is known from the packages' metadata.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.plugins import PluginBroken, PluginFault, PluginMissing
from netspec.diagnostics.spec_error import SpecError
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.kernels.family import Variant
from netspec.kernels.shelf import find_variants
from netspec.library.shelf import index
from netspec.library.shelf.plugin_guard import stay
from netspec.limits import LIMITS
from netspec.record import record

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from netspec.library.base import Op

GROUP = "netspec.plugins"
KINDS = frozenset(kind for group in index.MEETING for kind in group)
"""What a plugin may add: everything that has a name in specs, which operators have not."""
_LOADED: dict[str, Plugin] = {}


@record(eq=False)
class Plugin:
    """A plugin that was loaded."""

    name: str
    classes: tuple[type[Op], ...]
    """Its ops, in alphabetical order within a kind."""
    shelf: index.Shelf
    roots: frozenset[str]
    """The packages that its code lies in."""
    kernels: tuple[Variant, ...] = ()
    """Its variants of kernels, in the order of its module."""


@contextmanager
def enable_plugins(names: Sequence[str]) -> Iterator[None]:
    """The ops of these plugins, and of no others, can be named inside. Raises `Mistake` when one is missing or broken, or fails inside."""
    with index.extend_shelf(tuple(load(name).shelf for name in dict.fromkeys(names))), stay() as signals:
        try:
            yield
        except BaseException as error:
            if not signals.sent(error) and (fault := find_blamed(error)):
                raise Mistake(fault) from error
            raise


def load(name: str) -> Plugin:
    """A plugin by its name; its package is imported once. Raises `Mistake` when it is missing or broken."""
    if name not in _LOADED:
        points = find_installed().get(name, [])
        if not points:
            known = find_installed()
            raise Mistake(PluginMissing(plugin=name, near=tuple(nearest(name, known, aliases={})), options=tuple(sorted(known))))
        _LOADED[name] = _plugin(name, points)
    return _LOADED[name]


def find_kernels(names: Sequence[str]) -> tuple[Variant, ...]:
    """The variants of kernels that these plugins bring."""
    return tuple(variant for name in dict.fromkeys(names) for variant in load(name).kernels)


def find_installed() -> dict[str, list[EntryPoint]]:
    """The plugins of all installed packages by name. Imports none of them."""
    from importlib.metadata import entry_points  # 20 ms that a check without plugins need not pay

    found: dict[str, list[EntryPoint]] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        found.setdefault(point.name, []).append(point)
    return found


def package(point: EntryPoint) -> str:
    """The distribution that has an entry point, as pip names it."""
    return point.dist.name if point.dist is not None else point.value


# --- loading ---------------------------------------------------------------------------------------------------------


def _plugin(name: str, points: Sequence[EntryPoint]) -> Plugin:
    """Loads a plugin from its entry points, and gives its ops and kernels its name. Raises `Mistake` where it is broken."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise _describe_broken(points[0], "its name is none that a spec could write: lower-case letters, digits and underscores")
    if len(points) > 1:
        raise _describe_broken(points[0], f"several packages have a plugin of this name: {', '.join(map(package, points))}")
    given = _load_public(points[0])
    kernels = find_variants(given)
    for variant in kernels:
        variant.plugin = name
    classes = [value for value in given if not isinstance(value, Variant)]
    for cls in classes:
        _name(cls, points[0])
    made = tuple(sorted(classes, key=lambda cls: (cls.kind, cls.op_name())))
    roots = frozenset(module.partition(".")[0] for module in (points[0].module, *(cls.__module__ for cls in made)))
    return Plugin(name, made, _shelf(made, points[0]), roots, tuple(kernels))


def _load_public(point: EntryPoint) -> list[Any]:
    """The classes, and the variants of kernels, that the entry point stands for."""
    try:
        with stay() as signals:
            value = point.load()
            found = _find_public(value) if isinstance(value, ModuleType) else _call_point(value) if callable(value) else None
    except BaseException as error:
        if signals.sent(error):
            raise
        raise _describe_broken(point, _error_text(error)) from error
    if found is None:
        raise _describe_broken(point, f"`{point.value}` is neither a module nor a function")
    return list(dict.fromkeys(found))


def _call_point(function: Any) -> list[Any]:
    """Calls the function of an entry point for the things that it offers."""
    return list(function())


def _find_public(module: ModuleType) -> list[Any]:
    """The ops and kernels of a module that its own package defines."""
    from netspec.library.base import Op

    root = module.__name__.partition(".")[0]
    public = [value for name, value in vars(module).items() if not name.startswith("_")]
    own = [v for v in public if inspect.isclass(v) and v.__module__.partition(".")[0] == root]
    kernels = [v for v in find_variants(public) if v.function.__module__.partition(".")[0] == root]
    return [*(cls for cls in own if issubclass(cls, Op) and hasattr(cls, "kind")), *kernels]


def _name(cls: Any, point: EntryPoint) -> None:
    """Put a class under the plugin's namespace."""
    from netspec.library.base import Op

    if not (inspect.isclass(cls) and issubclass(cls, Op)):
        raise _describe_broken(point, f"it gives {cls!r}, which is no class below `netspec.library.base.Op`")
    if cls.__module__.partition(".")[0] == "netspec":
        raise _describe_broken(point, f"it gives `{cls.__name__}`, which is netspec's own: make a subclass")
    if getattr(cls, "kind", None) not in KINDS:
        raise _describe_broken(point, f"`{cls.__name__}` has the kind {getattr(cls, 'kind', None)!r}; there are {', '.join(sorted(KINDS))}")
    owner = vars(cls).get("namespace", point.name)
    if owner != point.name:
        raise _describe_broken(point, f"`{cls.__name__}` belongs to the plugin `{owner}` already")
    cls.namespace = point.name


def _shelf(classes: Iterable[type[Op]], point: EntryPoint) -> index.Shelf:
    """The entries of the classes and of their aliases."""
    from netspec.library.shelf.index_writer import facts

    shelf = index.Shelf({}, {})
    for cls in classes:
        name = cls.op_name()
        try:
            about = facts(cls)
        except (Exception, SystemExit) as error:
            raise _describe_broken(point, f"the annotations of `{cls.__name__}` cannot be read: {_error_text(error)}") from error
        for spelling in (name, *(f"{point.name}.{alias}" for alias in getattr(cls, "aliases", ()))):
            entry = index.make_entry((spelling, None if spelling == name else name, *about))
            if met := next((e for e in shelf.entries.get(spelling, ()) if meet(e.kind, entry.kind)), None):
                raise _describe_broken(
                    point, f"it has two things called `{spelling}`: the {met.kind}, and the {entry.kind} `{cls.__name__}`"
                )
            shelf.entries[spelling] = (*shelf.entries.get(spelling, ()), entry)
            shelf.classes[entry] = cls
    return shelf


def meet(kind: str, other: str) -> bool:
    """Things of both kinds can stand in one position."""
    return any(kind in group and other in group for group in index.MEETING)


def _describe_broken(point: EntryPoint, reason: str) -> Mistake:
    """The mistake of a plugin that cannot be loaded, for the package that brings it."""
    return Mistake(PluginBroken(plugin=point.name, package=package(point), reason=reason))


def _error_text(error: BaseException) -> str:
    """An error on one line, cut where it is too long."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[: LIMITS.plugin_error_characters].removesuffix(": ")


# --- faults ----------------------------------------------------------------------------------------------------------


def find_blamed(error: BaseException) -> PluginFault | None:
    """The plugin in whose code an error was raised, or through which it passed; None when there is none, or a diagnostic says it."""
    if isinstance(error, Mistake | SpecError) or not _LOADED:
        return None
    frames = [(frame, line) for frame, line in walk_tb(error.__traceback__) if _owner(frame)]
    if not frames:
        return _find_miscalled(error)
    (first, _), (last, line) = frames[0], frames[-1]
    where = f"{Path(last.f_code.co_filename).name}:{line}"
    return PluginFault(plugin=_owner(first), op=_op(first), method=first.f_code.co_name, error=_error_text(error), where=where)


def _find_miscalled(error: BaseException) -> PluginFault | None:
    """The plugin whose op has a method that takes other arguments than it is called with: no line of the plugin has run then."""
    called = re.match(r"(\w+)\.(\w+)\(\) ", str(error)) if isinstance(error, TypeError) else None
    for plugin in _LOADED.values() if called else ():
        for cls in plugin.classes:
            if called and cls.__name__ == called[1] and hasattr(cls, called[2]):
                return PluginFault(plugin=plugin.name, op=cls.op_name(), method=called[2], error=_error_text(error), where=cls.__module__)
    return None


def _owner(frame: FrameType) -> str:
    """The plugin that a frame's code belongs to, or nothing."""
    root = frame.f_globals.get("__name__", "").partition(".")[0]
    return next((plugin.name for plugin in _LOADED.values() if root in plugin.roots), "")


def _op(frame: FrameType) -> str:
    """The op whose method a frame runs, or nothing."""
    from netspec.library.base import Op

    held = frame.f_locals.get("self", frame.f_locals.get("cls"))
    cls = held if inspect.isclass(held) else type(held)
    return cls.op_name() if issubclass(cls, Op) else ""
