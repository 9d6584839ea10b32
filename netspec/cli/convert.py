"""Convert a spec from text to its JSON twin, or back: what it says, its comments and its order stay the same."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from netspec.cli.terminal import report, say, write_exact

HELP = "convert a spec from text to JSON, or back"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a spec; one that ends in .json becomes text, any other JSON")
    parser.add_argument("-o", "--output", metavar="FILE", help="where it goes; without it, it is printed")
    parser.add_argument("--force", action="store_true", help="replace the output file if there is one")


def run(args: Namespace) -> int:
    from netspec.cli.replacing import require_replaceable
    from netspec.files import refuse_existing

    if args.output and (name := wrong_suffix(args.file, args.output)):
        say(f"`{args.output}` would hold {name}, which nothing reads under such a name; choose another name.")
        return 2
    if args.output and args.force and os.path.exists(args.output):
        require_replaceable(os.path.realpath(args.output), "--force")
    elif args.output and not args.force:
        refuse_existing(args.output, "choose another name, or replace it with `--force`")
    text = convert_spec(args.file)
    if text is None:
        return 1
    if args.output:
        write_spec(args.output, text)
    else:
        write_exact(text)
    return 0


def wrong_suffix(file: str, output: str) -> str:
    """What the output would hold where its name says the other form, in words; "" where the name fits."""
    from netspec.cli.spec_paths import SPEC_SUFFIXES
    from netspec.syntax.spec_file import JSON_SUFFIX

    if file.endswith(JSON_SUFFIX):
        return "the text of a spec" if output.endswith(JSON_SUFFIX) else ""
    return "JSON" if output.endswith(SPEC_SUFFIXES) else ""


def write_spec(path: str, text: str) -> None:
    """A new file, or in the place of an old one, whose mode and links stay."""
    from netspec.files import read_bytes, rewrite, write_atomic

    if os.path.lexists(path):
        rewrite(path, read_bytes(path), text)
    else:
        write_atomic(path, text)


def convert_spec(path: str) -> str | None:
    """The spec in the other form; None, with its problems on stderr, for one that cannot be read."""
    from netspec.compile import read
    from netspec.syntax.spec_file import JSON_SUFFIX, parse_spec
    from netspec.syntax.twin import to_json, to_text

    source, problems = read(path)
    file, more = (None, []) if problems else parse_spec(source)
    if report([*problems, *more]) or file is None:
        return None
    text, problems = (to_text if path.endswith(JSON_SUFFIX) else to_json)(file)
    return None if report(problems) else text
