"""Print the JSON Schema of specs in JSON (draft 2020-12): for editors, for programs that write specs, for language models."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

HELP = "print the JSON Schema of specs in JSON"


def add_arguments(parser: ArgumentParser) -> None:
    """It takes no arguments."""


def run(args: Namespace) -> int:
    import json

    from netspec.syntax.twin_schema import schema

    print(json.dumps(schema(), indent=2, ensure_ascii=False))
    return 0
