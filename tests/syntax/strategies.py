"""Random trees of the whole language, as the parser could make them but for redundant parentheses."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from netspec.syntax import tree
from netspec.syntax.expression_builder import number_value

NAMES = st.sampled_from(["x", "y", "h0", "B", "train", "model", "in", "for", "where", "at", "steps", "_", "wte"])
CALLABLES = st.sampled_from([tree.Name(("conv",)), tree.Name(("e", "attend")), tree.Name(("step",))])
DTYPES = st.sampled_from(["f32", "i32", "bool"])
NUMBERS = st.sampled_from(["0", "3", "10_000", "0.5", "1e-4", "30M", "4GiB", "1.5k"]).map(
    lambda t: tree.Number(t, number_value(t), "bytes" if t.endswith("B") else "")
)
COUNTS = st.sampled_from(["1", "5", "2_000"]).map(lambda t: tree.Number(t, int(number_value(t))))
STRINGS = st.text(st.sampled_from('ab "\\\n\té#{}→\u200b'), max_size=6).map(tree.String)
CONSTANTS = st.sampled_from([True, False, None, float("inf")]).map(tree.Constant)
OPERATORS = st.sampled_from([*"+ - * / // % @ ** == != < <= > >= in and or".split(), "not in"])


LOOP_NAMES = st.recursive(
    st.builds(tree.Target, st.sampled_from(["i", "in", "_"])),
    lambda inner: st.builds(tree.LoopNames, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    max_leaves=3,
)


def some(items: st.SearchStrategy[Any], least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, min_size=least, max_size=most).map(tuple)


def arguments(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[tree.Arg, ...]]:
    positional = some(values.map(tree.Arg), most=2)
    named = some(st.builds(tree.Arg, values, NAMES), most=2)
    return st.tuples(positional, named).map(lambda pair: pair[0] + pair[1])


def grown(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Expressions one level above `values`."""
    calls = st.builds(tree.Call, CALLABLES, arguments(values))
    stages = st.one_of(
        st.builds(tree.Stage, st.one_of(calls, CALLABLES), st.one_of(st.none(), NAMES)),
        st.builds(tree.ShapeStage, some(st.one_of(values, st.just(tree.Dots())))),
    )
    ends = st.one_of(st.none(), values)
    index = st.one_of(values, st.builds(tree.Slice, ends, ends, ends), st.just(tree.Dots()))
    keys = st.one_of(st.tuples(NAMES, st.just(False)), st.just(("else", False)), st.tuples(st.text("ab/*", max_size=4), st.just(True)))
    entries = st.builds(lambda key, value: tree.DictItem(key[0], value, key[1]), keys, values)
    tuples = arguments(values).filter(bool).map(tree.TupleExpr)
    indices = st.builds(tree.Index, values, some(index))
    clauses = st.builds(tree.ForClause, some(LOOP_NAMES, 1), values, some(values, most=2))
    return st.one_of(
        calls,
        st.builds(tree.Comprehension, values, some(clauses, 1, 2)),
        st.builds(tree.Member, st.one_of(indices, st.builds(tree.Member, indices, NAMES)), NAMES),
        st.builds(tree.Binary, OPERATORS, values, values),
        st.builds(tree.Unary, st.sampled_from(["-", "not"]), values),
        st.builds(tree.Chain, values, some(stages, 1)),
        st.builds(tree.If, values, values, values),
        indices,
        some(values).map(tree.ListExpr),
        some(entries).map(tree.DictExpr),
        values.map(tree.Paren),
        tuples,
    )


ATOMS = st.one_of(
    NAMES.map(lambda n: tree.Name((n,))),
    CALLABLES,
    NUMBERS,
    STRINGS,
    CONSTANTS,
    st.builds(tree.Duration, COUNTS, st.sampled_from(["step", "epoch"])),
)
EXPRESSIONS = st.recursive(ATOMS, grown, max_leaves=12)
TENSORS = st.builds(tree.TensorRef, DTYPES, some(st.one_of(EXPRESSIONS, st.just(tree.Dots()))))
PARAM_TYPES = st.recursive(
    st.builds(tree.ParamType, st.sampled_from(["int", "layer"]), st.none(), st.booleans()),
    lambda inner: st.one_of(
        st.builds(tree.ParamType, st.just("list"), inner, st.booleans()),
        st.builds(tree.ParamType, st.just("record"), st.none(), st.booleans(), some(st.builds(tree.RecordField, NAMES, inner), 1)),
    ),
    max_leaves=3,
)
COMMENTS = st.one_of(
    st.just(tree.NO_COMMENTS),
    st.builds(tree.Comments, some(st.sampled_from(["# a", "## b"]), most=2), st.sampled_from(["", "# c"])),
)
PLAIN_NAMES = st.sampled_from(["x", "y", "h0", "B", "out"])
TARGETS = st.builds(tree.Target, PLAIN_NAMES, st.one_of(st.none(), TENSORS))
LOOP_TARGETS = st.builds(tree.Target, PLAIN_NAMES)


def built(kind: Any, *parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(kind, *parts, comments=COMMENTS, blank_before=st.booleans())


def _outputs() -> st.SearchStrategy[tree.Output]:
    unnamed = built(tree.Output, st.none(), st.none(), EXPRESSIONS)
    return st.one_of(unnamed, built(tree.Output, PLAIN_NAMES, st.one_of(st.none(), TENSORS), EXPRESSIONS))


SIMPLE = st.one_of(
    built(tree.Param, PLAIN_NAMES, PARAM_TYPES, st.one_of(st.none(), EXPRESSIONS), st.one_of(st.none(), EXPRESSIONS)),
    built(tree.DimBound, PLAIN_NAMES, st.sampled_from(["<=", "<"]), EXPRESSIONS),
    built(tree.Input, PLAIN_NAMES, TENSORS),
    _outputs(),
    *(built(kind, PLAIN_NAMES, TENSORS, EXPRESSIONS) for kind in (tree.Weight, tree.Buffer, tree.State)),
    *(built(kind, PLAIN_NAMES, EXPRESSIONS) for kind in (tree.Shared, tree.Aux)),
    built(tree.Binding, some(TARGETS, 1), EXPRESSIONS),
    built(tree.Require, EXPRESSIONS, st.one_of(st.none(), STRINGS)),
    built(tree.Assume, EXPRESSIONS),
)


def bodies(statements: st.SearchStrategy[Any]) -> st.SearchStrategy[tree.Body]:
    return st.builds(tree.Body, some(statements), some(st.sampled_from(["# t"]), most=1))


STATEMENTS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        built(tree.For, some(LOOP_NAMES, 1, 3), EXPRESSIONS, bodies(inner)),
        built(tree.Repeat, EXPRESSIONS, st.one_of(st.none(), LOOP_TARGETS), bodies(inner)),
        built(tree.When, st.sampled_from(["train", "eval", "serve"]), bodies(inner)),
    ),
    max_leaves=4,
)
ITEMS = st.one_of(
    built(tree.Setting, st.sampled_from(["data", "loss"]), EXPRESSIONS, st.just(False)),
    built(tree.Setting, st.sampled_from(["**/kernel", "a b"]), EXPRESSIONS, st.just(True)),
    built(tree.Metric, PLAIN_NAMES, EXPRESSIONS),
    built(tree.Let, some(TARGETS, 1), EXPRESSIONS),
)
SETTINGS = st.builds(tree.Settings, some(ITEMS), some(st.sampled_from(["# t"]), most=1))
GROUPS = st.one_of(
    built(tree.Group, st.just("update"), PLAIN_NAMES, SETTINGS), built(tree.Group, st.sampled_from(["eval", "shard"]), st.none(), SETTINGS)
)
TRAINED = st.builds(tree.Settings, some(st.one_of(ITEMS, GROUPS)), some(st.sampled_from(["# t"]), most=1))
CLAIMS = st.one_of(
    built(tree.Claim, EXPRESSIONS, st.sampled_from(["==", "<="]), EXPRESSIONS, some(st.builds(tree.At, PLAIN_NAMES, EXPRESSIONS), most=2)),
    built(tree.OutputClaim, PLAIN_NAMES, TENSORS),
)
IMPORTS = some(st.builds(tree.ImportName, PLAIN_NAMES, st.one_of(st.none(), PLAIN_NAMES)), 1)
ARGS = arguments(EXPRESSIONS)
FUNCTION_PARAMS = st.builds(tree.FunctionParam, PLAIN_NAMES, PARAM_TYPES, st.one_of(st.none(), EXPRESSIONS))
SECTIONS = st.one_of(
    built(tree.Function, PLAIN_NAMES, some(FUNCTION_PARAMS), EXPRESSIONS),
    built(tree.Import, IMPORTS, STRINGS),
    built(tree.Block, PLAIN_NAMES, bodies(STATEMENTS)),
    built(tree.Model, PLAIN_NAMES, bodies(STATEMENTS)),
    built(tree.Train, PLAIN_NAMES, ARGS, st.one_of(st.none(), PLAIN_NAMES), TRAINED),
    built(tree.Serve, PLAIN_NAMES, ARGS, SETTINGS),
    built(tree.Expect, PLAIN_NAMES, ARGS, some(CLAIMS), some(st.sampled_from(["# t"]), most=1)),
)
FILES = st.builds(tree.File, st.just(1), some(SECTIONS), comments=COMMENTS, trailing=some(st.sampled_from(["# e"]), most=1))
