"""Declares `--set NAME=VALUE` and `--plugin NAME`, which every command that reads a spec takes. Floor 6."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError


def add_overrides(parser: ArgumentParser) -> None:
    """Adds the option `--set` to a command."""
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], type=assignment, help="override a param or a setting; may be repeated"
    )


def add_plugins(parser: ArgumentParser) -> None:
    """Adds the option `--plugin` to a command."""
    parser.add_argument(
        "--plugin",
        dest="plugins",
        metavar="NAME",
        action="append",
        default=[],
        help="load this plugin, whose ops are written NAME.op; may be repeated",
    )


def assignment(text: str) -> str:
    """`NAME=VALUE` as it is; anything else is an error of use."""
    name, equals, value = text.partition("=")
    if not (name.strip() and equals and value.strip()):
        raise ArgumentTypeError(f"`{text}` is not NAME=VALUE")
    return text


def overrides(assignments: list[str]) -> dict[str, str]:
    """`["a=1", "b.c = 2"]` -> {"a": "1", "b.c": "2"}."""
    pairs = (text.partition("=") for text in assignments)
    return {name.strip(): value.strip() for name, _, value in pairs}
