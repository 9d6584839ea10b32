"""Every limit of `netspec.limits` holds: what is at it passes, what is one above it is refused by name, and nothing ends in an exception.

Each field of `LIMITS` stands in exactly one of four tables: REFUSED (what is above it is a problem), GIVEN_UP (what is above it is not
looked at, so that less is proved), CUT (what is above it is not shown) and ELSEWHERE (nobody reaches it from outside, or another test
does, which is named). A field in none of them fails, so a new limit comes with its edge.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec.compile import check
from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.data.arrays import BadArchive
from netspec.diagnostics.drawing.formats import FORMATS, render
from netspec.limits import LIMITS
from netspec.record import fields, record
from netspec.source import Source
from netspec.testing.checks import hold, require
from tests.quick import thin

Probe = Callable[[int], tuple[Diagnostic, ...]]
"""The problems of an input of a size."""
HEAD = "netspec 1\n"


# --- what is tried ---------------------------------------------------------------------------------------------------


def text(make: Callable[[int], str], **how: Any) -> Probe:
    """A spec that `make` writes for a size."""
    return lambda size: check(Source("m.net", HEAD + make(size)), **how).problems


def model(make: Callable[[int], str], before: str = "", inputs: str = "  input x: f32[B, 8]\n", result: str = "x", **how: Any) -> Probe:
    """A model with statements that `make` writes for a size."""
    return text(lambda size: f"{before}model M {{\n{inputs}{make(size)}\n  output y = {result}\n}}\n", **how)


def static(make: Callable[[int], str], before: str = "") -> Probe:
    """A model with a static value that `make` writes for a size."""
    return model(lambda size: f"  require ({make(size)}) == ({make(size)})", before=before)


def twin(make: Callable[[int], Any]) -> Probe:
    """A model in JSON whose output's value `make` builds for a size."""

    def problems(size: int) -> tuple[Diagnostic, ...]:
        body = [{"kind": "input", "name": "x", "type": "f32[B, 8]"}, {"kind": "output", "name": "y", "value": make(size)}]
        return check(Source("m.json", json.dumps({"netspec": 1, "sections": [{"kind": "model", "name": "M", "body": body}]}))).problems

    return problems


def calls(size: int) -> Any:
    """`relu(relu(…x…))`, each of which is two deep, or of `-x`, which is one deeper than `x`."""
    return "-x" if size == 1 else "x" if size == 0 else {"kind": "call", "op": "relu", "args": [calls(size - 2)]}


def file(name: str, make: Callable[[int], bytes]) -> Probe:
    """A file of its own."""

    def problems(size: int) -> tuple[Diagnostic, ...]:
        Path(name).write_bytes(make(size))
        return check(name).problems

    return problems


def imports(make: Callable[[int], dict[str, str]]) -> Probe:
    """A spec that imports others, all of them written for a size; `m.net` is the first."""

    def problems(size: int) -> tuple[Diagnostic, ...]:
        for name, body in make(size).items():
            Path(name).write_text(HEAD + body)
        return check("m.net").problems

    return problems


def read(name: str, make: Callable[[int], bytes], reader: Callable[[Path], object]) -> Probe:
    """A file of data or of a run, as one of its readers takes it."""

    def problems(size: int) -> tuple[Diagnostic, ...]:
        Path(name).write_bytes(make(size))
        try:
            reader(Path(name))
        except Mistake as mistake:
            return (mistake.diagnostic,)
        return ()

    return problems


def archive(array: np.ndarray, packed: bool = True, header: bytes | None = None) -> bytes:
    """An .npz archive of one array `x`, whose header may be another."""
    stream, content = io.BytesIO(), io.BytesIO()
    np.save(content, array)
    inside = content.getvalue() if header is None else header + array.tobytes()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as out:
        out.writestr("x.npy", inside)
    return stream.getvalue()


def long_header(size: int) -> bytes:
    """An archive whose array has a header of so many bytes."""
    said = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".ljust(size - 1) + b"\n"
    return archive(np.zeros(1, np.float32), header=b"\x93NUMPY\x02\x00" + size.to_bytes(4, "little") + said)


def unpacking_to(size: int) -> bytes:
    """An archive of zeros that says that it unpacks to as many times its own size, and a part."""
    data = bytearray(archive(np.zeros(100_000, np.uint8)))
    declared = size * len(data) if size < 1000 else size
    for sign, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = data.index(sign) + place
        data[start : start + 4] = declared.to_bytes(4, "little")
    return bytes(data)


def read_npz(path: Path) -> None:
    from netspec.library.data.datasets.npz_archive import read_all

    read_all(path)


def read_text(path: Path) -> None:
    from netspec.library.data.datasets.text_file import read_content

    read_content(path)


def read_idx(path: Path) -> None:
    from netspec.library.data.datasets import idx

    idx.read_idx(path, idx.LABELS)


def read_run_file(path: Path) -> None:
    from netspec.train.strict_json import read_file

    read_file(path, 1_000)


def read_count(path: Path) -> None:
    from pydantic import TypeAdapter, ValidationError

    from netspec.train.strict_json import Count

    try:
        TypeAdapter(Count).validate_json(path.read_bytes())
    except ValidationError as error:
        raise Mistake(BadArchive(file=str(path), reason=str(error))) from None


def packed_text(size: int) -> bytes:
    """A packed text that unpacks to as many times its own size, and the block that any may unpack to."""
    from netspec.library.data.datasets.text_file import BLOCK

    return gzip.compress(b"a" * (BLOCK + 80_000 * size), 1).ljust(80_000, b"\0")


def names(size: int, letter: str = "D") -> list[str]:
    return [f"{letter}{i}" for i in range(size)]


def symbols(size: int) -> str:
    """An input for each symbol."""
    return "".join(f"  input x{name}: f32[{name}]\n" for name in names(size))


def chain_of_blocks(size: int) -> str:
    """Blocks of which each uses the one before."""
    first = "block A0 {\n  input x: f32[B, D]\n  output x -> relu\n}\n"
    return first + "".join(f"block A{i} {{\n  input x: f32[B, D]\n  output x -> A{i - 1}\n}}\n" for i in range(1, size))


def nested(size: int, opening: str, inner: str = "x = x -> relu") -> str:
    return f"  {opening} {{ " * size + inner + " }" * size


def functions(size: int) -> str:
    """Functions of static values of which each calls the one before."""
    return "let f0(v: int) = v\n" + "".join(f"let f{i}(v: int) = f{i - 1}(v)\n" for i in range(1, size))


RANKED = "model M {\n  input x: f32[B, 8]\n  output y = x -> dense(1) -> squeeze(axis=-1)\n}\n"


def ranked(size: int) -> str:
    data = 'csv("d.csv", fields={x: f32[8], label: i32[]}) -> batch(4)'
    loss = "loss = sigmoid_cross_entropy(y, label)\n  optimizer = sgd(0.1)\n  duration = 1 step"
    return f"{RANKED}train M {{\n  data = {data}\n  {loss}\n  eval {{ metric a = auroc(y, label, bins={size}) }}\n}}\n"


# --- the tables ------------------------------------------------------------------------------------------------------


@record
class Edge:
    """How a limit is reached."""

    probe: Probe
    slug: str
    """The problem of what is above it."""
    at: int | None = None
    """A smaller limit that is put in its place, where the real one costs time."""
    offset: int = 0
    """What the limit counts besides the size that the probe is asked for."""
    others: Mapping[str, int] = {}
    """Smaller limits for others, which this one needs."""
    words: str = ""
    """What the message says, where several limits have one problem."""
    clean: bool = True
    """What is at the limit has no problem at all; otherwise only not this one."""


REFUSED: dict[str, Edge] = {
    "file_bytes": Edge(
        file("m.net", lambda n: (HEAD + f"model M {{ input x: f32[B]; output y = x }}\n{'#' * 90}\n").encode().ljust(n, b"\n")),
        "too-large",
        400,
        words="bytes in one file",
    ),
    "json_file_bytes": Edge(
        file("m.json", lambda n: json.dumps({"netspec": 1, "sections": []}).encode().ljust(n)), "too-large", words="bytes in one file"
    ),
    "line_characters": Edge(
        file("m.net", lambda n: f"{HEAD}{'#' * n}\nmodel M {{ input x: f32[B]; output y = x }}\n".encode()),
        "too-large",
        words="characters in one line",
    ),
    "words": Edge(model(lambda n: "  ;\n" * (n // 2) + "  ;" * (n % 2)), "too-large", 100, 25, words="words in one file"),
    "name_characters": Edge(model(lambda n: f"  {'a' * n} = x -> relu\n  _b = {'a' * n}"), "too-large", words="characters in a name"),
    "string_characters": Edge(model(lambda n: f'  require true, "{"a" * (n - 2)}"'), "too-large", words="characters in a string"),
    "number_digits": Edge(static(lambda n: "9" * n), "too-large", words="digits in a number"),
    "brackets": Edge(model(lambda n: f"  x = {'(' * (n - 1)}x{')' * (n - 1)}"), "too-large", words="brackets inside one another"),
    "operators": Edge(static(lambda n: "1" + " + 1" * n), "too-large", words="operators in one expression"),
    "clauses": Edge(
        model(lambda n: "  _l = [0" + "".join(f" for _i{i} in [0]" for i in range(n)) + "]"),
        "too-large",
        words="`for` in one comprehension",
    ),
    "spare_depth": Edge(
        model(lambda n: f"  _n = {'(' * n}1{' + 1' * LIMITS.operators}{')' * n}"), "too-large", words="operators in one expression"
    ),
    "json_depth": Edge(
        lambda n: check(Source("m.json", '{"a":' * n + "1" + "}" * n)).problems, "too-large", words="objects and lists inside", clean=False
    ),
    "json_values": Edge(
        lambda n: check(Source("m.json", '{"netspec": 1, "sections": [' + ", ".join("1" * n) + "]}")).problems,
        "too-large",
        100,
        3,
        words="values in one file",
        clean=False,
    ),
    "twin_depth": Edge(twin(calls), "too-large", 10, 1, words="parts of one expression inside one another"),
    "import_depth": Edge(
        imports(
            lambda n: (
                {
                    f"{i or 'm'}.net": f'import A{i + 1} from "{i + 1}.net"\nblock A{i} {{ input x: f32[B]; output x -> A{i + 1} }}\n'
                    for i in range(n)
                }
                | {f"{n}.net": f"block A{n} {{ input x: f32[B]; output x -> relu }}\n"}
            )
        ),
        "too-many-imports",
        words="levels of files",
    ),
    "import_files": Edge(
        imports(
            lambda n: (
                {
                    "m.net": "".join(f'import A{i} from "{i}.net"\n' for i in range(n))
                    + "model M { input x: f32[B]; output y = x"
                    + "".join(f" -> A{i}" for i in range(n))
                    + " }\n"
                }
                | {f"{i}.net": f"block A{i} {{ input x: f32[B]; output x -> relu }}\n" for i in range(n)}
            )
        ),
        "too-many-imports",
        words="files",
    ),
    "import_bytes": Edge(
        imports(
            lambda n: {
                "m.net": 'import A from "a.net"\nmodel M { input x: f32[B]; output y = x -> A }\n',
                "a.net": "block A { input x: f32[B]; output x -> relu }".ljust(n - len(HEAD), "\n"),
            }
        ),
        "too-many-imports",
        200,
        words="bytes of files",
    ),
    "nodes": Edge(model(lambda n: "  x = x -> relu\n" * n), "expansion-too-large", 20, words="nodes"),
    "edges": Edge(model(lambda n: "  x = x -> relu\n" * n), "expansion-too-large", 20, words="edges"),
    "values": Edge(model(lambda n: f"  _l = range({n})"), "expansion-too-large", 100, 4, words="values"),
    "models": Edge(
        text(lambda n: "".join(f"model M{i} {{ input x: f32[B]; output y = x -> relu -> relu }}\n" for i in range(n))),
        "expansion-too-large",
        3,
        others={"nodes": 2},
        words="nodes",
    ),
    "block_depth": Edge(
        text(lambda n: chain_of_blocks(n) + f"model M {{ input x: f32[B, 8]; output y = x -> A{n - 1} }}\n"), "expansion-too-large"
    ),
    "repeats": Edge(model(lambda n: nested(n, "repeat 1")), "expansion-too-large", words="repeats inside one another"),
    "levels": Edge(model(lambda n: nested(n, "repeat 1")), "expansion-too-large", 8, 1),
    "depth": Edge(model(lambda n: f"  x = {'relu(' * n}x{')' * n}"), "expansion-too-large", 20, 1),
    "function_depth": Edge(
        text(lambda n: functions(n) + f"model M {{ input x: f32[B, 8]; output y = x -> dense(f{n - 1}(4)) }}\n"),
        "too-large",
        words="functions that call one another",
    ),
    "passes": Edge(model(lambda n: f"  repeat {n} {{ x = x -> relu }}"), "size-out-of-range", words="repeat"),
    "uses": Edge(model(lambda n: f"  repeat {n} {{ x = x -> relu }}"), "expansion-too-large", 50, words="nodes"),
    "paths": Edge(
        model(lambda n: f"  repeat {n} {{ x = x -> dense_0: dense(8) }}\n  x = x -> dense(8)"), "expansion-too-large", 50, 1, words="paths"
    ),
    "number": Edge(
        static(lambda n: f"2**62 + 2**61 + 2**60 + 2**59 + {n - 15 * 2**59}"), "size-out-of-range", offset=1, words="this number"
    ),
    "range_items": Edge(static(lambda n: f"len(range({n}))"), "size-out-of-range", words="length of this range"),
    "list_items": Edge(
        static(lambda n: f"len(range({n // 2}) + range({n - n // 2}))"), "size-out-of-range", 10, words="length of this list"
    ),
    "text_characters": Edge(static(lambda n: f'"{"a" * (n - 2)}" + "bb"'), "size-out-of-range", words="length of this string"),
    "exponent": Edge(static(lambda n: f"2 ** {n}"), "size-out-of-range", words="the exponent", clean=False),
    "axis_size": Edge(text(lambda n: f"model M {{ input x: bool[{n}]; output y = x }}\n"), "size-out-of-range", words="a dim"),
    "elements": Edge(
        text(lambda n: f"model M {{ input x: f32[{2**20}, {n >> 20 if n == 2**40 else 2**20 + 1}]; output y = x }}\n"),
        "size-out-of-range",
        words="number of elements",
    ),
    "axes": Edge(
        text(lambda n: f"model M {{ input x: f32[{', '.join('1' * n)}]; output y = x }}\n"), "size-out-of-range", words="number of axes"
    ),
    "steps": Edge(read("count.json", lambda n: str(n).encode(), read_count), "bad-archive"),
    "bins": Edge(text(ranked), "bad-argument"),
    "terms": Edge(
        model(lambda n: f"  require ({' + '.join(names(n))}) > 0", inputs=symbols(8), result="xD0"), "size-too-complex", 4, clean=False
    ),
    "power": Edge(model(lambda n: f"  require D0 ** {n} > 0", inputs=symbols(1), result="xD0"), "size-too-complex"),
    "coefficient_bits": Edge(
        model(lambda n: f"  k = 2**62\n  require D0{' * k' * ((n - 1) // 62)} * 2**{(n - 1) % 62} > 0", inputs=symbols(1), result="xD0"),
        "size-too-complex",
    ),
    "floor_depth": Edge(
        model(lambda n: f"  require {'(2 * ' * n}D0{' // 3 + D0)' * n} > 0", inputs=symbols(1), result="xD0"), "size-too-complex"
    ),
    "floor_characters": Edge(
        text(lambda n: f"model M {{ input x: f32[D{'a' * n}]; require (D{'a' * n} + 1) // 7 >= 0; output y = x }}\n"),
        "size-too-complex",
        50,
        11,
    ),
    "archive_ratio": Edge(
        read("a.npz", unpacking_to, read_npz), "bad-archive", words="it would unpack", others={"archive_bytes": 1}, clean=False
    ),
    "archive_bytes": Edge(
        read("a.npz", unpacking_to, read_npz), "bad-archive", 5_000, words="it would unpack", others={"archive_ratio": 1}, clean=False
    ),
    "archive_header_bytes": Edge(read("a.npz", long_header, read_npz), "bad-archive", words="its header has"),
    "text_ratio": Edge(read("a.txt", packed_text, read_text), "unpacks-too-far", 2),
    "records_bytes": Edge(
        read("a-idx1-ubyte", lambda n: bytes([0, 0, 8, 1]) + n.to_bytes(4, "big") + bytes(n), read_idx), "data-too-large", 100
    ),
    "run_file_bytes": Edge(read("run.json", bytes, read_run_file), "run-file-damaged", 1_000),
    "untrusted_parameters": Edge(
        model(lambda n: f"  x = x -> dense({n}, bias=false)", inputs="  input x: f32[B, 1]\n", untrusted=True),
        "expansion-too-large",
        50,
        words="parameters",
    ),
    "untrusted_statements": Edge(
        model(lambda n: "  x = x -> relu\n" * n, untrusted=True), "too-large", 20, 3, words="statements in one file"
    ),
}

GIVEN_UP = {
    "repair_words": "which of two brackets is the odd one is told by the words before",
    "tried_sizes": "a use in a block that nobody uses counts as right of some sizes",
    "question_steps": "the answer is that nothing is known",
    "question_factors": "the answer is that nothing is known",
    "peeled_values": "the rest of a range is judged as a whole",
    "combined_facts": "facts are left out",
    "cases": "a question is not split further",
    "judged_factors": "facts are left out",
    "shifted_terms": "a polynomial is not measured from an end",
    "floor_rounds": "floors stay",
    "range_rounds": "ranges stay wider",
    "added_conditions": "conditions are left out",
    "stored_conditions": "conditions are left out",
    "repair_candidates": "no repair is named",
    "repair_terms": "no repair is named",
    "repair_steps": "no repair is named",
    "flow_rounds": "flows are taken as they are",
    "padding_rounds": "padding is taken as it is",
    "padding_nodes": "no padding is looked for",
    "mask_trials": "what a mask does is not known",
    "counted_windows": "windows are counted by a formula",
    "proposed_size": "no size is proposed",
    "compared_names": "no name is proposed",
    "translated_characters": "no form of another language is read as what it means",
    "translated_words": "no form of another language is read as what it means",
    "translations": "no form of another language is read as what it means",
    "repair_tries": "no repair is tried",
    "repair_seconds": "no repair is tried",
    "tried_arguments": "no other number is proposed",
    "repair_characters": "no repair is tried",
    "repairs_of_a_call": "no other way to write a call is proposed",
    "folder_files": "no file is proposed",
}
"""What is above them is not looked at. With each at its least, no spec is refused for another reason than that something is not proved."""

CUT = {
    "mistakes": "of one text",
    "problems": "of a report",
    "sarif_results": "of a report",
    "report_characters": "of a report",
    "message_characters": "of a message",
    "drawn_places": "of a problem",
    "drawn_changes": "of a problem",
    "drawn_calls": "of a problem",
    "suggestions": "of a help",
    "listed_names": "of a help",
    "listed_words": "of a help",
    "listed_paths": "of a help",
    "quoted_characters": "of a message",
    "value_characters": "of a message",
    "marked_lines": "of a drawing",
    "skipped_lines": "of a drawing",
}
"""What is above them is not shown. With each at 1, every problem can be drawn in every form."""

ELSEWHERE = {
    "frames": "Python's own depth, which `depth`, `levels` and `block_depth` stay below: their edges pass here at their real size",
    "call_values": "a price that is paid of `values`",
    "measure_values": "a price that is paid of `values`",
    "recurrence_values": "a price that is paid of `values`",
    "comment_characters": "tests/diff/test_markdown.py: reports that are longer are cut in whole parts, which are counted",
    "drawn_differences": "of differences that a run's own report cuts, whose number is that of settings",
    "listed_modules": "of names that a report on PyTorch's weights cuts",
    "listed_weights": "of names that a report on weights cuts",
    "described_images": "pictures that `netspec data` looks into; it says of how many",
    "predicted_lines": "of a table on the terminal that is cut and says so",
    "predicted_columns": "of a table on the terminal that is cut",
    "predicted_characters": "of a text on the terminal that is cut",
    "described_lines": "tests/cli/test_data_files.py looks at short tables; of a longer one the rest is left out",
    "listed_files": "names that a sentence of `netspec data` has room for",
    "reason_characters": "of texts of other libraries, which are cut",
    "plugin_error_characters": "of a plugin's text, which is cut",
    "metric_lines": "of a table that is cut",
    "metric_columns": "of a table that is cut",
    "metric_mistakes": "of a table that is cut",
    "reported_lines": "of a page that is cut",
    "reported_examples": "of a page that is cut; it says of how many",
    "reported_errors": "of a page that is cut",
    "reported_classes": "of a page that is cut",
    "reported_picture": "of a page that is cut",
    "reported_slips": "of a page that is cut",
    "reported_tokens": "of a page that is cut",
    "marked_restarts": "of a drawing that is cut",
    "listed_moments": "of a drawing that is cut",
    "lock_bytes": "tests/lock/test_lock_files.py::test_a_lock_is_not_trusted",
    "nested_repairs": "how far netspec itself mends for a proposal",
    "prefetched_batches": "how far netspec itself works ahead",
    "workers": "tests/train/test_workers.py::test_numbers_of_processes",
    "batches_looked_through": "how far netspec itself looks back",
    "manifest_bytes": "tests/train/test_manifest.py::test_a_manifest_that_is_too_large_is_not_read",
    "program_bytes": "tests/train/test_kept_memory.py::test_incomplete_and_too_many_programs_are_deleted",
    "unused_program_seconds": "tests/train/test_kept_memory.py::test_programs_of_another_processor_go_when_nobody_has_used_them_for_long",
    "digest_bytes": "tests/cases/test_runs.py::test_large_data_are_known_by_sizes_and_times",
    "compared_bytes": "tests/train/test_shared_examples.py::test_large_data_are_not_looked_through",
    "untrusted_seconds": "tests/cli/test_untrusted.py::test_time",
    "untrusted_grace_seconds": "tests/cli/test_untrusted.py::test_the_process_has_limits",
    "untrusted_bytes": "tests/cli/test_untrusted.py::test_the_process_has_limits",
}
"""Why they have no edge here, or which test has it."""


# --- the laws --------------------------------------------------------------------------------------------------------


def test_every_limit_has_its_edge() -> None:
    tables = {"REFUSED": REFUSED, "GIVEN_UP": GIVEN_UP, "CUT": CUT, "ELSEWHERE": ELSEWHERE}
    known = [name for table in tables.values() for name in table]
    assert len(known) == len(set(known)), "a limit stands in one table"
    assert set(known) == {f.name for f in fields(LIMITS)}, "give a new limit its edge in REFUSED, or say in another table why it has none"


def test_the_tests_that_are_named_are_there(root: Path) -> None:
    for place in (reason for reason in ELSEWHERE.values() if "::" in reason):
        path, name = place.split("::")
        assert f"def {name}(" in (root / path).read_text("utf-8"), place


def found(edge: Edge, problems: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    return [p for p in problems if p.slug() == edge.slug and edge.words in p.message()]


def what_is_at_it_passes_and_what_is_above_it_is_refused(case: tuple[str, Edge, int]) -> None:
    name, edge, limit = case
    size = limit - edge.offset
    within, beyond = edge.probe(size), edge.probe(size + 1)
    shown = [f"{p.slug()}: {p.message()}" for p in within]
    require(not (found(edge, within) or (edge.clean and within)), f"{name}: {limit:,} does not pass: {shown}")
    shown = [f"{p.slug()}: {p.message()}" for p in beyond]
    require(found(edge, beyond), f"{name}: {limit + 1:,} is not refused as {edge.slug}: {shown}")


REAL = ["words", "nodes", "json_values"]
"""Those that are tried at their real size besides, in seconds. Of the others with a smaller limit another one comes first there."""


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_the_real_edge_of_a_limit(name: str) -> None:
    hold([what_is_at_it_passes_and_what_is_above_it_is_refused], (name, REFUSED[name], getattr(LIMITS, name)))


@pytest.mark.parametrize("name", REFUSED)
def test_the_edge_of_a_limit(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edge = REFUSED[name]
    monkeypatch.chdir(tmp_path)
    for other, value in {**edge.others, **({} if edge.at is None else {name: edge.at})}.items():
        monkeypatch.setitem(LIMITS.__dict__, other, value)
    hold([what_is_at_it_passes_and_what_is_above_it_is_refused], (name, edge, getattr(LIMITS, name)))


DOUBTFUL = [
    "model M {\n  input x: f32[B, T]\n  require T % 16 == 0\n  y = x -> reshape([B, T // 16, 16])\n  output z = y -> reshape([B, T])\n}\n",
    "model M {\n  input x: f32[B, H, W, 3]\n  dim H <= 512\n"
    "  y = x -> conv(8, 3, stride=2) -> conv(8, 3, stride=2) -> adaptive_avg_pool(3)\n"
    "  output z = y -> flatten -> dense(4)\n}\n",
    "model M {\n  input x: f32[B, T, 8]\n  input n: i32[B]\n  repeat 3 { x = x -> lstm(8, lengths=n) }\n"
    "  output y = x -> mean(axis=1)\n}\n",
    "block U {\n  input x: f32[B, T, D]\n  output x -> self_attention(3) -> reshape([B, T * D // 4, 4])\n}\n"
    "model M {\n  input x: f32[B, 8]\n  output y = x -> dense(4)\n}\n",
    "model M {\n  input a: f32[B, T]\n  input b: f32[B, S]\n  output y = a + b\n}\n",
    "model M {\n  input x: f32[B, 8]\n  output y = x -> densee(4) -> relu)\n}\nexpect M {\n  flops <= 3\n}\n",
]
"""Specs that ask every part of the solver and of the proofs, some of them wrong."""
SHOWN = [
    *DOUBTFUL,
    "model M {\n  input x: f32[B, 8]\n  x = x -> relu\n  output y = q\n  output z = p\n  output w = x -> denze(3, uzits=4)\n}\n",
    "block A { input x: f32[B, D]; output x -> Bl }\nblock Bl { input x: f32[B, D]; output x -> C }\n"
    "block C { input x: f32[B, D]; output x -> dense(4) -> reshape([B, 3]) }\nmodel M { input x: f32[B, 8]; output y = x -> A }\n",
    "model M {\n  input x: f32[B, 8]\n\n\n\n\n\n\n  y = x\n    -> dense(4)\n    -> relu\n    -> dense(5)\n  output z = x + y\n}\n",
    "modle M {\n  inptu x: f32[B, 8]\n  output = = y\n",
]
NOT_PROVED = {"cannot-prove", "cannot-decide", "unproven-size", "size-too-complex", "reshape-remainder"}


def slugs(spec: str) -> set[str]:
    return {p.slug() for p in check(Source("m.net", HEAD + spec)).problems if p.severity == "error"}


@pytest.mark.parametrize("name", thin(GIVEN_UP, 3))
def test_what_is_given_up_is_at_most_not_proved(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [slugs(spec) for spec in DOUBTFUL]
    for least in (0, 1):
        monkeypatch.setitem(LIMITS.__dict__, name, least)
        for spec, known in zip(DOUBTFUL, before, strict=True):
            assert slugs(spec) <= known | NOT_PROVED, (name, least, spec)


@pytest.mark.parametrize("name", CUT)
def test_what_is_cut_can_be_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMITS.__dict__, name, 1)
    problems = [p for spec in SHOWN for p in check(Source("m.net", HEAD + spec)).problems]
    assert problems and all(render(problems, form) for form in FORMATS)
