"""Runs a folder that `netspec compile` wrote, `python DIR train`, `resume`, `eval` and `predict`, by those commands. Floor 6."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from netspec.cli.main import main
from netspec.cli.terminal import reserve_descriptors, tell, write_text

SPEC = "spec.net"
USAGE = """usage: python {folder} train [--data DIR] [--out RUN]
       python {folder} resume RUN [--data DIR]
       python {folder} eval RUN [--data DIR]
       python {folder} predict RUN FILE… [--output ANSWERS]

`train --help` and so on say what else a command takes."""


def run_trainer(folder: Path, words: Sequence[str], plugins: Sequence[str] = ()) -> int:
    """The exit code of a command line of the folder."""
    reserve_descriptors()
    verb, rest = (words[0], list(words[1:])) if words else ("", [])
    loaded = [word for name in plugins for word in ("--plugin", name)]
    spec = str(folder / SPEC)
    if verb == "train":
        return main(["train", spec, *loaded, *rest])
    if verb == "resume" and rest and not rest[0].startswith("-"):
        return main(["train", spec, *loaded, "--out", rest[0], "--resume", *rest[1:]])
    if verb in ("eval", "predict"):
        return main([verb, *rest, *loaded])
    if verb in ("-h", "--help"):
        write_text(USAGE.format(folder=folder))
        return 0
    for line in USAGE.format(folder=folder).splitlines():
        tell(line)
    return 2
