"""Knows how other languages apply layers: `dense(64)(x)`, `Sequential([…])(x)`. Here a value goes through a chain, `x -> dense(64)`."""

from __future__ import annotations

import re
from functools import lru_cache

from netspec.limits import LIMITS
from netspec.syntax.foreign.form import Form, Rule
from netspec.syntax.foreign.text_view import TextView

_LIBRARIES = {
    "nn",
    "F",
    "tf",
    "keras",
    "layers",
    "jax",
    "jnp",
    "torch",
    "flax",
    "np",
    "linen",
    "functional",
    "activations",
    "L",
    "lax",
    "hk",
    "eqx",
    "nnx",
}
_DROPPED = {"training", "train", "deterministic", "is_training", "name", "inference"}
_ENDS = {"NEWLINE", "", "COMMA", "RPAR", "RSQB", "RBRACE", "SEMICOLON", "ARROW"}
_BEGINS = {"EQUAL", "COMMA", "LPAR", "LSQB", "LBRACE", "NEWLINE", ""}
_SEQUENTIAL = {"sequential", "compose", "chain", "pipeline"}


def applied_layer(view: TextView, i: int) -> Form | None:
    """A layer that is called twice, its arguments first and then its input."""
    if (
        view.type(i) != "NAME"
        or view.type(i - 1) in ("DOT", "NAME")
        and not view.is_word(i - 1, "output", "return", "if", "else", "in", "and", "or", "not")
    ):
        return None
    read = _chain(view, i)
    if read is None:
        return None
    text, last = read
    start, end = view.start(i), view.stop(last)
    whole = (view.type(i - 1) in _BEGINS or view.is_word(i - 1, "output", "return")) and view.type(last + 1) in _ENDS
    text = text if whole else f"({text})"
    return Form("applied", start, end, ((start, end, text),))


def _chain(view: TextView, i: int) -> tuple[str, int] | None:
    """The chain that the application at `i` means, and its last word; None where no layer in it is called twice, or so many calls stand
    around it that nobody wrote them."""
    if view.depth >= LIMITS.block_depth:
        return None
    view.depth += 1
    found = _read_chain(view, i)
    view.depth -= 1
    return found


def _read_chain(view: TextView, i: int) -> tuple[str, int] | None:
    """The same of a call that is not too deep."""
    path = view.path_end(i)
    if view.type(path + 1) != "LPAR" or path + 1 not in view.partner:
        return None
    first = view.partner[path + 1]
    if view.type(first + 1) == "LPAR" and view.same_line(first, first + 1) and first + 1 in view.partner:
        last = view.partner[first + 1]
        head, named = _input(view, first + 1)
        if not head:
            return None
        if view.type(last + 1) == "LPAR" and view.touches(last):
            return None
        merged = _merge(str(view.at(path)).lower(), head, path + 2 == first)
        if merged:
            return merged, last
        return f"{head} -> {_with(_stage(view, i, path, first), named)}", last
    parts = view.arguments(path + 1)
    if not parts or view.type(parts[0][0] + 1) == "EQUAL":
        return None
    inner = _chain(view, parts[0][0])
    if inner is None or inner[1] != parts[0][1]:
        return None
    rest = ", ".join(view.render(a, b) for a, b in parts[1:])
    if any(view.type(a + 1) != "EQUAL" and view.is_loose(a, b) for a, b in parts[1:]):
        return None
    name = op_name(view, i, path)
    return f"{inner[0]} -> {name}({rest})" if rest else f"{inner[0]} -> {name}", first


def _merge(name: str, head: str, bare: bool) -> str:
    """`Add()([a, b])` is `(a + b)`: Keras has layers for what are signs here."""
    if not (head.startswith("(") and head.endswith(")")):
        return ""
    parts = re.split(r",\s*(?![^()\[\]]*[)\]])", head[1:-1])
    if name in _MERGED and bare and len(parts) > 1:
        operands = [part if re.fullmatch(r"[\w.]+", part) else f"({part})" for part in parts]
        return f"({f' {_MERGED[name]} '.join(operands)})"
    return ""


_MERGED = {"add": "+", "multiply": "*", "subtract": "-"}


def _stage(view: TextView, i: int, path: int, close: int) -> str:
    """The layer with its arguments, by our name."""
    name = str(view.at(path)).lower()
    if name in _SEQUENTIAL:
        inner = view.arguments(path + 1)
        if len(inner) == 1 and view.type(inner[0][0]) == "LSQB":
            inner = view.split(inner[0][0] + 1, inner[0][1] - 1)
        return " -> ".join(_layer(view, a, b) for a, b in inner)
    return _layer(view, i, close)


def _layer(view: TextView, i: int, last: int) -> str:
    """A layer as a stage: `nn.ReLU()` is `relu`."""
    path = view.path_end(i)
    if view.type(i) != "NAME":
        return view.render(i, last)
    name = op_name(view, i, path)
    if path == last or view.type(path + 1) != "LPAR":
        return name if path == last else view.render(i, last)
    parts = view.arguments(path + 1)
    first = parts[1][0] if str(view.at(path)) in _SIZED and len(parts) > 1 and view.type(parts[1][0] + 1) != "EQUAL" else path + 2
    arguments = view.render(first, last - 1) if first <= last - 1 else ""
    return _write(name, str(view.at(path)), arguments, sum(view.type(a + 1) != "EQUAL" and a >= first for a, _ in parts))


def _write(name: str, there: str, arguments: str, plain: int) -> str:
    """The stage with its arguments; what other libraries have unless told otherwise stands there, and what is known here does not."""
    activation = re.search(r',?\s*\bactivation\s*=\s*"([a-z_]+)"', arguments)
    if activation is not None:
        arguments = (arguments[: activation.start()] + arguments[activation.end() :]).lstrip(", ")
    if re.fullmatch(r"(Depthwise|Separable)?Conv(Transpose)?[123][dD](Transpose)?", there) and plain < 4 and "padding" not in arguments:
        arguments += ', padding="VALID"'
    if re.fullmatch(r"BatchNorm[123]d", there):
        arguments = re.sub(r"(?<=momentum=)(0?\.\d+)", lambda share: f"{1 - float(share[1]):.6g}", arguments)
    if re.fullmatch(r"Dropout[123][dD]", there):
        name = "spatial_dropout"
    if re.fullmatch(r"(Batch|Instance)Norm[123]d|LayerNorm", there):
        arguments = re.sub(r"^\s*\d+\s*(,\s*|$)", "", arguments)
    call = f"{name}({arguments})" if arguments.strip() else name
    return call if activation is None or activation[1] == "linear" else f"{call} -> {activation[1]}"


def _input(view: TextView, opening: int) -> tuple[str, list[str]]:
    """What goes into the layer, and further arguments by name that stay."""
    heads, named = [], []
    for a, b in view.arguments(opening):
        if view.type(a + 1) == "EQUAL" and view.type(a) == "NAME":
            if str(view.at(a)) not in _DROPPED:
                named.append(view.render(a, b))
            continue
        inner = _chain(view, a)
        heads.append(inner[0] if inner is not None and inner[1] == b else view.render(a, b))
        if inner is None and view.is_loose(a, b):
            heads[-1] = f"({heads[-1]})"
    if len(heads) == 1 and view.arguments(opening) and heads[0].startswith("[") and heads[0].endswith("]"):
        heads = [f"({heads[0][1:-1]})"]
    return (heads[0] if len(heads) == 1 else f"({', '.join(heads)})" if heads else ""), named


def _with(stage: str, named: list[str]) -> str:
    """The stage with more arguments."""
    if not named:
        return stage
    return f"{stage[:-1]}, {', '.join(named)})" if stage.endswith(")") else f"{stage}({', '.join(named)})"


def op_name(view: TextView, i: int, path: int) -> str:
    """What an op of another library is called here; what the text itself defines keeps its name."""
    name = str(view.at(path))
    if path == i and (name in view.defined or name in view.bound):
        return name
    if path > i and str(view.at(i)) not in _LIBRARIES:
        return view.written(i, path)
    from netspec.diagnostics.suggestions.aliases import foreign_ops
    from netspec.diagnostics.suggestions.nearest import squash

    for kind in ("layer", "loss"):
        for kinds, table in foreign_ops().items():
            if kind in kinds and squash(name) in table:
                ours = table[squash(name)].ours
                return ours[0] if ours else name
    return re.sub(r"[123]d$", "", name) if name.islower() else snake_case(name)


def snake_case(name: str) -> str:
    """`MaxPool2D` is `max_pool`."""
    name = re.sub(r"[123][dD]$", "", name.replace("ReLU", "Relu"))
    if name.isupper() or name in ("Relu", "GELU", "SiLU", "ELU", "SELU", "CELU", "GLU", "LSTM", "GRU", "PRelu", "Relu6"):
        return name.lower()
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def library_name(view: TextView, i: int) -> Form | None:
    """`nn.relu(x)`, `jnp.sum(x)`, `-> nn.relu`: the op's own name."""
    if view.type(i) != "NAME" or view.type(i - 1) == "DOT" or str(view.at(i)) not in _LIBRARIES or str(view.at(i)) in view.bound:
        return None
    path = view.path_end(i)
    if path == i or not (view.type(path + 1) == "LPAR" or view.type(i - 1) == "ARROW") or str(view.at(path)) in ("Module", "Sequential"):
        return None
    if not are_plain(view.text) or _DIFFERS.fullmatch(str(view.at(path))):
        return None
    name = op_name(view, i, path)
    linear = str(view.at(path)) in _SIZED and path + 1 in view.partner
    parts = view.arguments(path + 1) if linear else []
    changes = [(view.start(i), view.stop(path), name)]
    if len(parts) > 1 and view.type(parts[1][0] + 1) != "EQUAL":
        changes.append((view.start(parts[0][0]), view.start(parts[1][0]), ""))
    return Form("library name", view.start(i), view.stop(path), tuple(changes), reads=True)


@lru_cache(maxsize=4)
def are_plain(text: str) -> bool:
    """Whether every name of a library is that of a function which does the same here, and is called on tensors alone: the others are
    reported where it is known what they and their arguments mean, all of a file together. Where layers are called twice, all is one."""
    if re.search(r"\)\s*\(", text):
        return True
    for name, arguments in _CALL_OF_LIBRARY.findall(text):
        if name not in _SAME or not re.fullmatch(r"[\s,.]*([A-Za-z_][\w.]*[\s,]*)*", arguments):
            return False
    return True


_SAME = {
    *("relu", "gelu", "silu", "elu", "selu", "sigmoid", "tanh", "softplus", "softmax", "log_softmax", "exp", "log", "sqrt", "abs"),
    *("square", "sin", "cos", "mean", "sum", "max", "min", "where", "maximum", "minimum", "matmul", "einsum"),
}
"""Functions that are called the same here, and do the same without further arguments."""
_DIFFERS = re.compile(r".*Conv.*[123][dD].*|.*Norm([123]d)?|Dropout[123][dD]|cat|concatenate|[hv]stack|std|var|interpolate|flatten|ravel")
"""Names of calls that are here more than another name."""
_CALL_OF_LIBRARY = re.compile(rf"(?<![\w.])(?:{'|'.join(sorted(_LIBRARIES))})\.(?:\w+\.)*(\w+)(?=\(([^()\n]*))?")
_SIZED = {"Linear", "Conv1d", "Conv2d", "Conv3d", "LazyLinear", "ConvTranspose2d"}
"""Layers of PyTorch whose first argument is the size of their input."""

STATEMENTS: tuple[Rule, ...] = ()
RULES: tuple[Rule, ...] = (applied_layer, library_name)
