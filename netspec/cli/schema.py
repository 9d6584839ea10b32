"""Print the JSON Schema (draft 2020-12) of specs in JSON, or of one op: for editors, programs that write specs, language models."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from netspec.cli.spec_options import add_plugins

HELP = "print the JSON Schema of specs in JSON, or of an op's arguments"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("op", metavar="OP", nargs="?", help="a layer, function, optimizer, …; without it the schema of specs is printed")
    add_plugins(parser)


def run(args: Namespace) -> int:
    from netspec.library.shelf.plugins import enable_plugins

    with enable_plugins(args.plugins):
        return print_schema(args)


def print_schema(args: Namespace) -> int:
    """Prints the schema of specs or of one op; the exit code is that of a wrong name where there is no such op."""
    import json

    from netspec.cli.terminal import can_write, say, write_text
    from netspec.diagnostics.suggestions.nearest import nearest
    from netspec.library.shelf import index

    if args.op is not None and not index.entries(args.op):
        near = nearest(args.op, index.names())
        say(f"there is nothing called `{args.op}`" + (f"; did you mean `{near[0]}`?" if near else ""))
        return 2
    write_text(json.dumps(_schema(args.op), indent=2, ensure_ascii=not can_write("…")))
    return 0


def _schema(op: str | None) -> dict:
    """Of a name that two kinds have, either may stand."""
    if op is None:
        from netspec.syntax.twin_schema import schema

        return schema()
    from netspec.library.shelf import index
    from netspec.tools.argument_schema import describe_schema

    found = [describe_schema(index.load(entry)) for entry in index.entries(op)]
    return found[0] if len(found) == 1 else {"anyOf": found}
