"""Writes what `netspec explain` prints: a problem's section of its page, the problems of a phase, or all of them by phase. Floor 0."""

from __future__ import annotations

import re

from netspec.diagnostics.drawing.paint import PLAIN, Paint
from netspec.diagnostics.pages import PHASES, Section, introduce, read_sections
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_WRITTEN = re.compile(r"(?:error|warning)\[(?P<slug>.+)\]:?")
TITLES = {"bad": ("error", "Wrong:"), "repaired": ("strong", "Repaired as proposed:"), "good": ("strong", "Right:")}
SAID = ("strong", "netspec says:")


class UnknownSlug(LookupError):
    """There is no problem or phase of that name; `near` are those it may mean."""

    def __init__(self, slug: str) -> None:
        self.near = nearest(slug, [*read_sections(), *PHASES], aliases={})
        hint = did_you_mean(self.near)
        super().__init__(f"there is no problem called `{slug}`" + (f"; {hint}" if hint else "."))


def explain(name: str, paint: Paint = PLAIN, whole: bool = False) -> str:
    """The text for a slug, as people write it, or for a phase; `whole` has the further cases too. Raises `UnknownSlug`."""
    if name in PHASES:
        return draw_phase(name, paint)
    section = find_section(name)
    if section is None:
        raise UnknownSlug(name)
    return draw_section(section, paint, whole)


def find_section(name: str) -> Section | None:
    """The section of a slug; `error[slug]` and `UnknownArgument` are understood as well."""
    wanted = name.strip()
    inside = _WRITTEN.fullmatch(wanted)
    sections = read_sections()
    return sections.get(inside["slug"] if inside else wanted) or sections.get(slug_of(wanted))


def slug_of(name: str) -> str:
    """`UnknownArgument` -> `unknown-argument`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def draw_section(section: Section, paint: Paint, whole: bool) -> str:
    """A title, prose, and blocks indented under what they are; at the end the titles of the cases that are not shown."""
    title = paint(section.severity, f"{section.severity}[{section.slug}]")
    text = _FENCE.sub(lambda m: _draw_block(m, paint), section.text if whole else section.main)
    text = re.sub(r"^### +(.*)$", lambda m: paint("strong", m[1]), text, flags=re.MULTILINE)
    more = [f"  {title}" for title in section.further]
    rest = ["", f"More cases, shown by `netspec explain {section.slug} --all`:", *more] if more and not whole else []
    return "\n".join([title, "", re.sub(r"\n{3,}", "\n\n", text).strip(), *rest]) + "\n"


def _draw_block(match: re.Match[str], paint: Paint) -> str:
    words = match["info"].split()
    named = next((word for word in words if "." in word), "")
    said = SAID if words[:1] == ["diagnostic"] else next((TITLES[word] for word in words if word in TITLES), None)
    title = paint(*said) if said else f"{named}:" if named else ""
    lines = [f"    {line}".rstrip() for line in (match["text"].rstrip("\n") or "(an empty file)").split("\n")]
    return "\n".join([*(["", title, ""] if title else []), *lines])


def draw_phase(phase: str, paint: Paint = PLAIN) -> str:
    """What the problems of a phase have in common, and a line for each."""
    lines = [f"  {paint('strong', s.slug)}: {s.summary}" for s in read_sections().values() if s.phase == phase]
    return "\n".join([f"{paint('strong', phase)}: {introduce(phase)}", "", *lines]) + "\n"


def draw_index(paint: Paint = PLAIN) -> str:
    """All problems by phase."""
    return "\n".join(draw_phase(phase, paint) for phase in PHASES)
