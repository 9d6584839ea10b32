"""What a command does with a process that is its own: settings for all of it, which an import of netspec, or a command called from Python,
leaves alone. Floor 6."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator, Sequence

PORTABLE = "portable"
TRAINING = ("train", "resume", "eval", "predict")
"""Commands whose steps need memory again and again."""
_FILES = ("spec.net", "spec.json", "settings.json")
"""Files of a run folder, or of one that `netspec compile` wrote, that say how it is lowered."""
_NAMES = ("netspec", "netspec.exe", "netspec-script.py")
_LONGEST = 1 << 20
_owned = False


def own_process(words: Sequence[str]) -> None:
    """This process is a command's: it was started for it, and ends behind it. May start it again, with memory kept."""
    global _owned
    _owned = True
    command = next((word for word in words if word != "--debug"), "")
    if command not in TRAINING:
        return
    if not any(map(_is_portable, words)):
        from netspec.train.kept_memory import start_again

        start_again()
    collect_rarely()


def collect_rarely() -> None:
    """Garbage is looked for seldom: importing JAX and tracing a model make a million objects that stay, and to look through them takes 7 %
    of a small model's start."""
    gc.set_threshold(50_000, 20, 50)


def is_command() -> bool:
    """Was this process started for the command, and not for a program that calls it? `netspec`, or `python -m netspec`."""
    started = sys.modules.get("__main__")
    spec = getattr(started, "__spec__", None)
    return spec.name == "netspec.__main__" if spec else os.path.basename(getattr(started, "__file__", None) or "") in _NAMES


def _is_portable(word: str) -> bool:
    """Does a word of the command line, or the spec or run that it names, say `portable`? It is not read as a spec yet: that takes longer
    than all of this."""
    return says_portable(word.encode("utf-8", "replace")) or any(map(says_portable, _texts(word)))


def says_portable(text: bytes) -> bool:
    """`lowering = portable` is in it, however it is written."""
    return b"lowering" in text and PORTABLE.encode() in text


def _texts(path: str) -> Iterator[bytes]:
    """The text of a file, or those of a folder that matter, as far as they are there and not long."""
    for each in (path, *(os.path.join(path, name) for name in _FILES)):
        try:
            if os.path.isfile(each):
                with open(each, "rb") as file:
                    yield file.read(_LONGEST)
        except (OSError, ValueError):
            continue  # whoever needs it says what is wrong with it


def prepare_process() -> None:
    """Have memory and compiled programs kept, before JAX looks for devices."""
    if not _owned:
        return
    from netspec.train.kept_memory import keep_memory
    from netspec.train.kept_programs import keep_programs

    keep_programs()
    keep_memory()
