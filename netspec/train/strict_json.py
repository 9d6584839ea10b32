"""Reads JSON that a run folder holds without trust: each file has one form, and what does not have it is told with its place.

Numbers that JSON has not (`NaN`) or that no run has (of more than 64 bits, infinite ones), keys that stand twice, texts that are no UTF-8,
and anything that a model does not name are refused.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import RunFileDamaged
from netspec.files import PathLike, read_bytes
from netspec.limits import LIMITS

Kind = TypeVar("Kind", bound=BaseModel)


class Strict(BaseModel):
    """Base of the forms of files: no value is turned into another type, and no key is unknown."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


def _require_no_nul(text: Any) -> str:
    """A text without NUL."""
    if not isinstance(text, str):
        raise ValueError("is no text")
    if "\0" in text:
        raise ValueError("holds the character NUL")
    return text


def _as_tuple(value: Any) -> Any:
    """A list of JSON as the tuple that it stands for."""
    return tuple(value) if isinstance(value, list) else value


AsTuple = BeforeValidator(_as_tuple)


def _require_utf8(text: str) -> str:
    """A text that UTF-8 can hold, without NUL."""
    try:
        _require_no_nul(text).encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a character (a lone surrogate)") from None
    return text


Text = Annotated[str, AfterValidator(_require_utf8)]
FileName = Annotated[Any, AfterValidator(_require_no_nul)]
"""A file's name, which stands in JSON with lone surrogates where it is no UTF-8."""
FileNameOrNone = Annotated[Any, AfterValidator(lambda value: None if value is None else _require_no_nul(value))]
Count = Annotated[int, Field(ge=0, le=LIMITS.steps)]
"""How many steps, epochs or batches."""
Size = Annotated[int, Field(ge=0, lt=2**63)]
"""How many bytes or elements."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hex."""


class Unfit(Exception):
    """What is wrong with a text, and where: a JSON pointer, or line and column."""

    def __init__(self, place: str, finding: str) -> None:
        super().__init__(f"{place}: {finding}")
        self.place, self.finding = place, finding


def read_file(path: PathLike, limit: int = LIMITS.run_file_bytes) -> bytes:
    """The content of a file of a run. Raises `Mistake` for what is no file, or larger than any run's."""
    try:
        about = os.stat(path)
    except OSError:
        return read_bytes(path)
    if not stat.S_ISREG(about.st_mode):
        raise Mistake(RunFileDamaged(path=os.fspath(path), finding="it is not a regular file"))
    if about.st_size > limit:
        raise Mistake(RunFileDamaged(path=os.fspath(path), finding=f"it has {about.st_size:,} bytes, more than {limit:,}"))
    return read_bytes(path)


def parse_json(data: bytes | str) -> Any:
    """The value of a JSON text, whose whole numbers have 64 bits and whose others are finite. Raises `Unfit`."""
    try:
        text = data.decode() if isinstance(data, bytes) else data
        if text.startswith("\ufeff"):
            raise Unfit("line 1, column 1", "it begins with a byte order mark")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_int=_whole, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise Unfit(f"byte {error.start}", "it is no UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise Unfit(f"line {error.lineno}, column {error.colno}", f"it is no JSON ({error.msg.lower()})") from None
    except RecursionError:
        raise Unfit("", "its lists or objects lie too deep inside one another") from None
    except ValueError:
        raise Unfit("", "it holds a number of too many digits") from None
    if place := _find_too_large(value):
        raise Unfit(pointer(place[0]), place[1])
    return value


class _TooLarge(str):
    """A number that no run has, in words, until its place is known."""


def _whole(digits: str) -> int | _TooLarge:
    """A whole number of at most 64 bits, which Python need not read where it has thousands of digits."""
    if len(digits) <= 20 and -(2**63) <= (number := int(digits)) < 2**64:
        return number
    return _TooLarge("it holds a number of too many digits")


def _finite(digits: str) -> float | _TooLarge:
    """A number that a float can hold: `1e999` would be infinity."""
    return number if math.isfinite(number := float(digits)) else _TooLarge("it is a number larger than any that is finite")


def _find_too_large(value: Any) -> tuple[tuple[int | str, ...], str] | None:
    """The place of a number that no run has, and what is wrong with it; None where there is none."""
    open_values: list[tuple[tuple[int | str, ...], Any]] = [((), value)]
    while open_values:
        place, found = open_values.pop()
        if isinstance(found, _TooLarge):
            return place, str(found)
        items = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
        open_values += [((*place, key), item) for key, item in items]
    return None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object, no key of which stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise Unfit("", f"an object has the key {_shown(twice)} twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise Unfit("", f"it holds {name}, which JSON does not know")


def fit(value: Any, kind: type[Kind]) -> Kind:
    """A value of `parse_json` as the form that its file has. Raises `Unfit` with the place of the first thing that is not so."""
    try:
        return kind.model_validate(value)
    except ValidationError as wrong:
        raise _first(wrong) from None
    except RecursionError:
        raise Unfit("", "its lists or objects lie too deep inside one another") from None


def _first(wrong: ValidationError) -> Unfit:
    """The first thing that is not as it should be, in words."""
    error = wrong.errors(include_url=False)[0]
    place, what = error["loc"], error["type"]
    if what == "missing":
        return Unfit(pointer(place[:-1]), f"{_part(place[-1])} is missing")
    if what == "extra_forbidden":
        return Unfit(pointer(place[:-1]), f"{_part(place[-1])} does not belong there")
    found = _shown(error.get("input"))
    if what in _WANTED:
        return Unfit(pointer(place), f"it is {found}, not {_WANTED[what]}")
    if what == "value_error":
        return Unfit(pointer(place), f"it {error.get('ctx', {}).get('error', error['msg'])}")
    if what == "string_pattern_mismatch":
        return Unfit(pointer(place), f"it is {found}, which has not the form that was written")
    reason = error["msg"].removeprefix("Input should be ").removeprefix("Invalid JSON: ")
    return Unfit(pointer(place), f"it is {found}, not {reason[0].lower()}{reason[1:]}")


_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a text",
    "string_unicode": "a text that UTF-8 can hold",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def pointer(place: Sequence[int | str]) -> str:
    """A place as a JSON pointer; that of the whole file is empty."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in place if part != "[key]")
    return "".join(f"/{part}" for part in parts)


def _part(part: int | str) -> str:
    """An item of a list or a key, in words."""
    return f"item {part}" if isinstance(part, int) else f"`{part}`"


def _shown(value: Any) -> str:
    """A value as a message shows it."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > LIMITS.coefficient_bits:
        return "a number of many digits"
    text = json.dumps(value)
    return text if len(text) <= LIMITS.value_characters else f"{text[: LIMITS.value_characters]}…"


def read_form(path: PathLike, kind: type[Kind], limit: int = LIMITS.run_file_bytes) -> Kind:
    """A file of a run in its form. Raises `Mistake` with `RunFileDamaged` that names the place, or a problem of reading."""
    with naming(path):
        return fit(parse_json(read_file(path, limit)), kind)


class naming:
    """Inside, what does not fit becomes a problem of this file."""

    def __init__(self, path: PathLike, prefix: str = "") -> None:
        self.path, self.prefix = os.fspath(path), prefix

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, RecursionError):
            error = Unfit("", "its lists or objects lie too deep inside one another")
        if isinstance(error, Unfit):
            place = ", ".join(part for part in (self.prefix, error.place) if part)
            raise Mistake(RunFileDamaged(path=self.path, place=place, finding=error.finding)) from None
