"""Reads the names of warnings that a command line or pyproject.toml chooses. Floor 6."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netspec.diagnostics.base import Diagnostic, Mistake


def split_slugs(text: str) -> Iterable[str]:
    """`a,b` -> a, b."""
    return (part.strip() for part in text.split(",") if part.strip())


def require_warnings(where: str, slugs: Iterable[str]) -> None:
    """Raises `Mistake` for a name that no warning has."""
    for slug in sorted(slugs):
        if problem := refuse_slug(where, slug):
            raise Mistake(problem)


def refuse_slug(where: str, slug: str) -> Diagnostic | None:
    """What is wrong with a name that should be that of a warning; None where nothing is."""
    from netspec.diagnostics.catalog import catalog
    from netspec.diagnostics.running.configuration import ErrorChosen, UnknownWarning
    from netspec.diagnostics.suggestions.nearest import nearest

    known = catalog()
    if slug not in known:
        warnings: Sequence[str] = [name for name, cls in known.items() if cls.severity == "warning"]
        return UnknownWarning(where=where, name=slug, near=tuple(nearest(slug, warnings)[:3]))
    return ErrorChosen(where=where, name=slug) if known[slug].severity == "error" else None
