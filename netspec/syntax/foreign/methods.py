"""Knows methods and properties of tensors: `x.mean(1)`, `x.reshape(…)`, `x.shape[0]`, `x.T`. Here functions take the tensor."""

from __future__ import annotations

import re

from netspec.syntax.foreign.applications import op_name
from netspec.syntax.foreign.form import Form, Rule
from netspec.syntax.foreign.text_view import TextView

_ALONG = {
    *("mean", "sum", "max", "min", "prod", "std", "var", "logsumexp", "argmax", "argmin", "all", "any", "norm", "cumsum"),
    "softmax",
    "log_softmax",
}
"""Functions whose first argument is the axis."""
_DROPPED = {"contiguous", "clone", "copy", "cuda", "cpu", "numpy", "item", "requires_grad_", "block_until_ready", "tolist"}
_CASTS = {"float": "f32", "half": "f16", "double": "f64", "long": "i32", "int": "i32", "bool": "bool", "bfloat16": "bf16"}
_SIGNS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "matmul": "@",
    "mm": "@",
    "bmm": "@",
    "dot": "@",
    "pow": "**",
    "subtract": "-",
    "multiply": "*",
}
_DTYPES = {
    **{
        "float32": "f32",
        "float16": "f16",
        "float64": "f64",
        "bfloat16": "bf16",
        "int32": "i32",
        "int64": "i32",
        "uint8": "u8",
        "int8": "i8",
        "bool_": "bool",
    },
    **{"float": "f32", "int": "i32", "half": "f16", "double": "f64", "long": "i32", "single": "f32"},
}
_NOT_OURS = {"append", "pop", "extend", "insert", "popleft", "keys", "values", "items", "get", "format"}
_PROPERTIES = {"shape", "T", "mT", "ndim", "dtype"}
_STAGES = {
    *(
        "relu",
        "gelu",
        "silu",
        "elu",
        "selu",
        "sigmoid",
        "tanh",
        "leaky_relu",
        "softplus",
        "dropout",
        "dense",
        "linear",
        "conv",
        "conv2d",
        "embed",
    ),
    *(
        "layer_norm",
        "batch_norm",
        "rms_norm",
        "group_norm",
        "max_pool",
        "avg_pool",
        "global_avg_pool",
        "flatten",
        "reshape",
        "resize",
        "self_attention",
    ),
    *(
        "exp",
        "log",
        "sqrt",
        "abs",
        "square",
        "sin",
        "cos",
        "clip",
        "clamp",
        "take",
        "squeeze",
        "swap_axes",
        "top_k",
        "repeat",
        "pad",
        "roll",
        "cumsum",
    ),
}
"""Functions and layers that other libraries have as methods."""


def tensor_method(view: TextView, i: int) -> Form | None:
    """A value with methods or properties behind it."""
    receiver = _receiver(view, i)
    if receiver is None:
        return None
    text, last, steps = _read(view, i, receiver)
    if text is None or last == receiver:
        return None
    loose = " -> " in text or steps > 1 or re.search(r"^\S+ (?:[-+*/@]|\*\*) ", text) is not None
    ends = view.type(last + 1) in ("NEWLINE", "", "COMMA", "RPAR", "RSQB", "RBRACE", "SEMICOLON", "ARROW")
    begins = view.type(i - 1) in ("EQUAL", "COMMA", "LPAR", "LSQB", "LBRACE") or view.is_word(i - 1, "output", "return")
    call = re.fullmatch(r"(\w+)\((\w+\(.*\))\)", text)
    if view.type(i - 1) == "ARROW" and steps <= 1 and call is not None:  # `x -> dense(64).relu()`
        text = f"{call[2]} -> {call[1]}"
    elif loose and not (ends and begins):
        text = f"({text})"
    return Form("method", view.start(i), view.stop(last), ((view.start(i), view.stop(last), text),), reads=True)


def _receiver(view: TextView, i: int) -> int | None:
    """The last word of the value that begins at `i` and has a method behind it: a name that is bound, a call, a parenthesis."""
    if view.type(i - 1) == "DOT":
        return None
    last = i
    if view.type(i) == "NAME":
        called = view.type(i + 1) == "LPAR" and i + 1 in view.partner
        if not called and (str(view.at(i)) not in view.bound or _is_instance(view, i)):
            return None
        if i - 1 in view.starts and view.is_word(i - 1, "import", "from"):
            return None
        last = view.partner[i + 1] if called else i
    elif view.type(i) == "LPAR" and i in view.partner and not (view.ends_value(i - 1) and view.touches(i - 1)):
        last = view.partner[i]
    else:
        return None
    while view.type(last + 1) == "LSQB" and last + 1 in view.partner:
        last = view.partner[last + 1]
    following = view.skip_lines(last + 1)
    return last if view.type(following) == "DOT" and view.type(following + 1) == "NAME" else None


def _is_instance(view: TextView, i: int) -> bool:
    """Whether a name is one of a `shared` instance or a layer, which have methods of their own."""
    return str(view.at(i)) in view.shared


def _read(view: TextView, i: int, last: int) -> tuple[str | None, int, int]:
    """The value with what its methods make of it, its last word, and how many stages stand in a chain."""
    text, stages = view.render(i, last), 0
    if view.type(i) == "LPAR" and view.partner.get(i) == last and "->" not in text and not view.is_loose(i + 1, last - 1):
        text = view.render(i + 1, last - 1)
    while True:
        dot = view.skip_lines(last + 1)
        if view.type(dot) != "DOT" or view.type(dot + 1) != "NAME":
            return text, last, stages
        name, opening = str(view.at(dot + 1)), dot + 2
        if name in _NOT_OURS:
            return None, last, stages
        if view.type(opening) != "LPAR":
            made, end = _property(view, i, last, text, dot)
            if made is None:
                return (text, last, stages) if stages else (None, last, stages)
            text, last = made, end
            continue
        if opening not in view.partner:
            return None, last, stages
        end = view.partner[opening]
        made = _dims_of(view, i, last, name, opening) or _call(view, text, dot + 1, name, opening)
        if made is None:
            return None, last, stages
        stages += " -> " in made
        text, last = made, end


def _property(view: TextView, i: int, last: int, text: str, dot: int) -> tuple[str | None, int]:
    """`x.T`, `x.shape`, `x.shape[0]`; None for a record's own field."""
    name, end = str(view.at(dot + 1)), dot + 1
    if name not in _PROPERTIES or not view.same_line(last, dot):
        return None, last
    if name == "T":
        return f"transpose({text})", end
    if name == "mT":
        return f"swap_axes({text}, -2, -1)", end
    declared = _declared(view, i) if i == last else None
    if declared is None:
        return None, last
    dtype, dims = declared
    if name == "dtype":
        return dtype, end
    if name == "ndim":
        return (None, last) if "..." in dims else (str(len(dims)), end)
    if view.type(end + 1) == "LSQB" and end + 1 in view.partner:
        dim = _pick(dims, view.written(end + 2, view.partner[end + 1] - 1))
        return dim, view.partner[end + 1]
    return (None, last) if "..." in dims else (f"[{', '.join(dims)}]", end)


def _dims_of(view: TextView, i: int, last: int, name: str, opening: int) -> str | None:
    """`x.size(0)`, `x.dim()`."""
    declared = _declared(view, i) if name in ("size", "dim") and i == last else None
    if declared is None:
        return None
    inside = view.written(opening + 1, view.partner[opening] - 1)
    if name == "dim":
        return str(len(declared[1]))
    return _pick(declared[1], inside) if inside else f"[{', '.join(declared[1])}]"


def _declared(view: TextView, i: int) -> tuple[str, list[str]] | None:
    """The type that a name has in the text, when it is written once."""
    name = str(view.at(i))
    if name not in view.types:
        found = (
            set(re.findall(rf"(?:^|[\s(,]){re.escape(name)}\s*:\s*(\w+)\[([^\]\n]*)\]", view.text))
            if view.spend(len(view.text) // 10)
            else ()
        )
        dtype, dims = next(iter(found)) if len(found) == 1 else ("", "")
        view.types[name] = (dtype, [dim.strip() for dim in dims.split(",") if dim.strip()]) if dtype else None
    return view.types[name]


def _pick(dims: list[str], index: str) -> str | None:
    """A dim by its place from the front or the back, as far as leading dims leave it known."""
    number = re.fullmatch(r"(-?)\s*(\d+)", index.strip())
    if number is None:
        return None
    place = int(f"{number[1]}{number[2]}")
    known = dims[dims.index("...") + 1 :] if "..." in dims and place < 0 else dims[: dims.index("...")] if "..." in dims else dims
    if not -len(known) <= place < len(known):
        return None
    dim = known[place]
    return dim if re.fullmatch(r"\w+", dim) else f"({dim})"


def _call(view: TextView, text: str, word: int, name: str, opening: int) -> str | None:
    """What a method makes of the value before it."""
    parts = view.arguments(opening)
    plain = [_argument(view, a, b) for a, b in parts if view.type(a + 1) != "EQUAL"]
    named = {str(view.at(a)): _argument(view, a + 2, b) for a, b in parts if view.type(a + 1) == "EQUAL"}
    named = {{"dim": "axis", "keepdim": "keepdims"}.get(k, k): v for k, v in named.items()}
    whole = f"({text})" if " -> " in text or re.search(r" [-+*/@] ", text) and not text.endswith(")") else text
    if name in _DROPPED or (name == "to" and plain and not _dtype(plain[0])):
        return text
    if name == "detach":
        return f"stop_gradient({text})"
    if name in _SIGNS and len(plain) == 1:
        operand = f"({plain[0]})" if re.search(r"[-+*/@ ]", plain[0]) else plain[0]
        return f"{whole} {_SIGNS[name]} {operand}"
    if name in _CASTS and not parts:
        return f"cast({text}, {_CASTS[name]})"
    if name in ("to", "astype", "type", "cast"):
        dtype = _dtype(plain[0] if plain else next(iter(named.values()), ""))
        return f"cast({text}, {dtype})" if dtype else None
    return _function(view, text, word, name, plain, named)


def _function(view: TextView, text: str, word: int, name: str, plain: list[str], named: dict[str, str]) -> str | None:
    """The function of the shelf that does what a method does."""
    if name in _ALONG:
        axes = plain[:1] if len(plain) < 2 or name == "norm" else [f"[{', '.join(plain)}]"]
        arguments = [*(f"axis={axis}" for axis in axes), *(f"{k}={v}" for k, v in named.items())]
        if len(plain) == 2 and plain[1] in ("true", "false"):
            arguments = [f"axis={plain[0]}", f"keepdims={plain[1]}"]
        return f"{name}({', '.join([text, *arguments])})"
    listed = plain[0] if len(plain) == 1 and plain[0].startswith("[") else f"[{', '.join(plain)}]"
    if name in ("reshape", "view", "resize") and plain:
        return f"reshape({text}, {listed})"
    if name == "permute" or (name == "transpose" and len(plain) > 2) or (name == "transpose" and plain and plain[0].startswith("[")):
        return f"transpose({text}, {listed})"
    if name in ("transpose", "swapaxes", "swapdims"):
        return f"swap_axes({text}, {', '.join(plain)})" if len(plain) == 2 else f"transpose({text})" if not plain and not named else None
    if name in ("flatten", "ravel"):
        return f"flatten({text})" if plain in ([], ["1"]) else None
    if name in ("unsqueeze", "expand_dims") and len(plain) == 1:
        return f"expand_dims({text}, {plain[0]})"
    if name in ("expand", "broadcast_to") and plain:
        return f"broadcast_to({text}, {listed})"
    if name == "masked_fill" and len(plain) == 2:
        return f"where({plain[0]}, {plain[1]}, {text})"
    if name == "chunk" and plain:
        named = {**({"axis": plain[1]} if len(plain) > 1 else {}), **named}
        return f"split({', '.join([text, plain[0], *(f'{k}={v}' for k, v in named.items())])})"
    if name in ("size", "dim", "squeeze") and not plain and not named:
        return None
    if name not in _STAGES:
        return None
    ours = {"clamp": "clip"}.get(name) or op_name(view, word, word)
    arguments = [*plain, *(f"{k}={v}" for k, v in named.items())]
    if (
        name in ("clamp", "clip", "squeeze", "take", "exp", "log", "sqrt", "abs", "square", "sin", "cos", "tanh", "relu", "sigmoid")
        and " -> " not in text
    ):
        return f"{ours}({', '.join([text, *arguments])})"
    return f"{text} -> {ours}({', '.join(arguments)})" if arguments else f"{text} -> {ours}"


def _argument(view: TextView, a: int, b: int) -> str:
    """An argument, a tuple as a list, constants in our letters."""
    if view.type(a) == "LPAR" and view.partner.get(a) == b and view.split(a + 1, b - 1):
        inner = view.split(a + 1, b - 1)
        text = ", ".join(view.render(x, y) for x, y in inner)
        text = f"[{text}]" if len(inner) > 1 else f"({text})"
    else:
        text = view.render(a, b)
    return {"True": "true", "False": "false", "None": "none"}.get(text, text)


def _dtype(text: str) -> str:
    """A dtype by our name; "" for what is none."""
    last = text.strip("\"'").rpartition(".")[2]
    ours = set(_DTYPES.values()) | {"u32", "bool"}
    return last if last in ours else _DTYPES.get(last, "")


STATEMENTS: tuple[Rule, ...] = ()
RULES: tuple[Rule, ...] = (tensor_method,)
