"""Writes the tables of limits in docs/language.md from `netspec.limits`, so that the page says what holds. Floor 5."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.limits import LIMITS


def of_every_spec() -> str:
    """What a spec, and a report about it, may have at most."""
    most = LIMITS
    return "| of every spec | at most |\n|---|---|\n" + rows(
        {
            "a file": f"{size(most.file_bytes)}, {most.words:,} words, lines of {most.line_characters:,} characters; JSON "
            f"{size(most.json_file_bytes)}, {most.json_values:,} values, {most.json_depth} objects and lists inside one another",
            "a name, a string, a number": f"{most.name_characters} characters, {most.string_characters:,} characters, "
            f"{most.number_digits} digits",
            "an expression": f"{most.brackets} brackets inside one another, in JSON what would be as many in text, "
            f"{most.operators} operators",
            "imports": f"{most.import_files} files, {most.import_depth} deep, {size(most.import_bytes)}",
            "what a model expands to": f"{most.nodes:,} nodes that take {most.edges:,} tensors, {most.values:,} static values, "
            f"{most.passes:,} passes of repeats, {most.uses:,} uses of layers; all models of a file {most.models} times as much",
            "inside one another": f"{most.block_depth} blocks, {most.repeats} repeats, {most.levels} blocks and regions, "
            f"{most.depth} expressions, those of the blocks that they call included",
            "a tensor": f"{most.axes} axes of at most 2^{most.axis_size.bit_length()} - 1, {power(2, most.elements)} elements",
            "text": "strict UTF-8; no invisible, bidirectional or control characters; names of ASCII letters",
            "a report": f"{most.problems:,} problems (SARIF {most.sarif_results:,}), {most.report_characters // 10**6} MB; "
            f"the rest is counted; hints after comparing {most.compared_names:,} names end",
        }
    )


def of_strangers() -> str:
    """What is refused besides in the specs of strangers."""
    most = LIMITS
    return "| | |\n|---|---|\n" + rows(
        {
            "time": f"more than {most.untrusted_seconds:g} seconds for a file",
            "memory": f"more than {size(most.untrusted_bytes)}",
            "size": f"more than {most.untrusted_statements:,} statements in a file, "
            f"more than {power(10, most.untrusted_parameters)} parameters in a model",
            "files": "imports that lead up with `..`; symbolic links, hard links, pipes and devices, imported or checked; a file "
            "that does not begin with `netspec 1`, of which nothing is shown",
        }
    )


def rows(cells: Mapping[str, str]) -> str:
    """The lines of a table with two columns."""
    return "\n".join(f"| {name} | {text} |" for name, text in cells.items())


def size(count: int) -> str:
    """A number of bytes that is a whole number of GiB or MiB."""
    return f"{count >> 30} GiB" if count >> 30 else f"{count >> 20} MiB"


def power(base: int, number: int) -> str:
    """A power of the base, written as one. Raises ValueError for any other number."""
    exponent = next((n for n in range(64) if base**n == number), None)
    if exponent is None:
        raise ValueError(f"{number} is no power of {base}")
    return f"{base}^{exponent}"
