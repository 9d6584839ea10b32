"""Finds indices that are taken for places in the batch: `log_softmax(logits)[action]` takes row `action` of the batch, the row of another
example, where each example was to pick from its own row.

An index that is worked out of single examples (a label, an action) names no places of the batch. One that knows the batch does: the places
themselves (`iota(B)`), an order of them, draws of them, the nearest one of a comparison of each with each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from netspec.diagnostics.base import Diagnostic, Place
from netspec.ir import OUTPUT, Apply, Body, Call, Node, Objective, Operand, Recur, Region, Repeat, TrainPlan, fold, pair_inputs, regions
from netspec.ir.regions import operands
from netspec.library.base import Callable
from netspec.proofs.batch_mixing import count_axes
from netspec.proofs.masks import list_objectives
from netspec.proofs.meanings import trace_in_body
from netspec.record import field, record, replace
from netspec.shape import Dim, TensorType
from netspec.shape.types import BATCH as BATCH_SYMBOL
from netspec.source import Span

OWN, BATCH = 1, 2
"""What the numbers of a tensor come of: of examples, each for itself; of places in the batch, or of examples compared."""
NAMES = (BATCH_SYMBOL, "Batch", "BATCH")
"""What the axis of examples is called in a model that nothing trains: there only its name tells it from the nodes of one graph."""
SHARES = ("probabilities", "log_probabilities")
"""What a softmax makes of the scores of classes."""


def find_picked_rows(models: Iterable[Body], plans: Sequence[TrainPlan]) -> list[Diagnostic]:
    """The picks of models and objectives that take other examples' rows."""
    seen: dict[int, bool] = {}
    search, trained = Search(), {id(plan.model) for plan in plans}
    for body in models:
        if id(body) not in trained and picks_anything(body, seen):
            if batch := find_named_batch(body):
                search.follow(body, batch)
            else:
                search.problems += [problem for dim in list_shared_axes(body) for problem in find_rows_of_shares(body, dim)]
    for plan in plans:
        objectives = [objective for objective in list_objectives(plan) if picks_anything(objective.body, seen)]
        batch = plan.model.batch
        if batch is None or plan.data.batch is None or not (objectives or picks_anything(plan.model, seen)):
            continue
        if batch.is_constant:
            search.problems += follow_fixed(plan, batch, objectives)
        elif batch.symbols():
            made = search.follow(plan.model, batch)
            for objective in objectives:
                search.follow_objective(objective, next(iter(plan.data.fields.values())).shape[0], made)
    return search.problems


def follow_fixed(plan: TrainPlan, batch: Dim, objectives: Iterable[Objective]) -> list[Diagnostic]:
    """The same of a model on batches of one written size, in whose types another axis may have the same number."""
    from netspec.proofs.free_batch import SYMBOL, FreeBatch  # few specs write the size

    freed, search = FreeBatch(batch), Search(sizes={str(SYMBOL): batch})
    model = freed.free(plan.model, {name: freed.free_first(kind) for name, kind in plan.model.input_types().items()})
    outputs, made = model.output_types(), search.follow(model, SYMBOL)
    for objective in objectives:
        given = {
            name: outputs.get(name.removeprefix(OUTPUT), kind) if name.startswith(OUTPUT) else freed.free_first(kind)
            for name, kind in objective.body.input_types().items()
        }
        search.follow_objective(replace(objective, body=freed.free(objective.body, given)), SYMBOL, made)
    return search.problems


def find_rows_of_shares(body: Body, dim: Dim) -> list[Diagnostic]:
    """The picks of whole rows of what a softmax has made of each row: nothing but a class is chosen of shares, in a model of any dims."""
    search = Search(shares_alone=True)
    search.follow(body, dim)
    return search.problems


def list_shared_axes(body: Body) -> Iterator[Dim]:
    """The free first axes that a tensor has in common with whole numbers, one for each row."""
    kinds = body.input_types().values()
    rows = {kind.shape[0] for kind in kinds if kind.is_int and kind.rank and not kind.shape[0].is_constant}
    yield from sorted((dim for dim in rows if any(kind.rank > 1 and kind.shape[0] == dim for kind in kinds)), key=str)


def picks_anything(body: Body, seen: dict[int, bool]) -> bool:
    """Does any op in it, at any depth, choose by whole numbers?"""
    return fold(body, lambda node, below: (isinstance(node, Apply) and type(node.op).picks is not Callable.picks) or any(below), any, seen)


def find_named_batch(body: Body) -> Dim | None:
    """The axis of examples, where inputs have one of that name in front; others, such as a table, have none."""
    first = {kind.shape[0] for kind in body.input_types().values() if kind.rank and not kind.shape[0].is_constant}
    named = [dim for dim in first if str(dim) in NAMES]
    return named[0] if len(named) == 1 else None


Key = tuple[int, Dim, tuple[int, ...]]
"""A body, its axis of examples, and what its inputs come of."""


@record(frozen=False)
class Search:
    """What is found so far."""

    problems: list[Diagnostic] = field(default_factory=list)
    known: dict[Key, dict[str, int]] = field(default_factory=dict)
    """What the outputs of a body come of."""
    told: set[Key] = field(default_factory=set)
    """Bodies whose problems are found."""
    trail: list[Place] = field(default_factory=list)
    quiet: bool = False
    """What comes round again in a loop is not known yet, so that nothing is a problem."""
    sizes: dict[str, Dim] = field(default_factory=dict)
    """The batch's size, where it is written."""
    shares_alone: bool = False
    """Are only picks of probabilities' rows looked for?"""

    def follow(self, model: Body, batch: Dim) -> dict[str, int]:
        """A model on examples; what its outputs come of, by name."""
        return self.follow_body(model, batch, [mark_type(kind, batch) for kind in model.input_types().values()])

    def follow_objective(self, objective: Objective, counted: Dim, made: Mapping[str, int]) -> None:
        """An objective on a batch's fields and a model's outputs."""
        body, marks = objective.body, []
        for name, kind in body.input_types().items():
            marks.append(made.get(name.removeprefix(OUTPUT), 0) if name.startswith(OUTPUT) else mark_type(kind, counted))
        if not counted.is_constant:
            self.follow_body(body, counted, marks)

    def follow_body(self, body: Body, batch: Dim, given: Sequence[int]) -> dict[str, int]:
        """A body whose inputs come of this; what its outputs come of."""
        key = (id(body), batch, tuple(given))
        if key not in (self.known if self.quiet else self.told):
            if not self.quiet:
                self.told.add(key)
            ports = [port for port in body.inputs if isinstance(port.wire, int)]
            marks: dict[Operand, int] = {port.wire: mark for port, mark in zip(ports, given, strict=True)}
            self.follow_nodes(body.nodes, body, batch, marks)
            self.known[key] = {port.name: marks.get(port.wire, 0) for port in body.outputs}
        return self.known[key]

    def follow_nodes(self, nodes: Iterable[Node], body: Body, batch: Dim, marks: dict[Operand, int]) -> None:
        for node in nodes:
            if isinstance(node, Apply):
                self.follow_use(node, body, batch, marks)
            elif isinstance(node, Call):
                self.follow_call(node, batch, marks)
            else:
                self.follow_regions(node, body, batch, marks)

    def follow_use(self, node: Apply, body: Body, batch: Dim, marks: dict[Operand, int]) -> None:
        mark = 0
        for operand in operands(node):
            mark |= marks.get(operand, 0)
        if knows_batch(node, body, batch):
            mark |= BATCH
        marks.update(dict.fromkeys(node.outputs, mark))
        if not self.quiet and (not self.shares_alone or chooses_of_shares(node, body)):
            self.problems += find_strangers(node, body, batch, marks, tuple(reversed(self.trail)), self.sizes)

    def follow_call(self, node: Call, batch: Dim, marks: dict[Operand, int]) -> None:
        given = dict(pair_inputs(node))
        self.trail.append(Place(node.span, f"in this use of `{node.body.name}`"))
        made = self.follow_body(node.body, batch, [marks.get(outer, 0) for outer in given.values()])
        self.trail.pop()
        marks.update({wire: made[port.name] for wire, port in zip(node.outputs, node.body.outputs, strict=False)})

    def follow_regions(self, node: Node, body: Body, batch: Dim, marks: dict[Operand, int]) -> None:
        """Nodes inside a node; in a loop what comes round again is known only behind a turn."""
        for region in regions(node):
            marks.update({wire: marks.get(wire, 0) | marks.get(outer, 0) for wire, outer in region.begins if outer is not None})
            looped = isinstance(node, Repeat | Recur)
            if looped:
                self.settle(region, body, batch, marks)
            if not (looped and self.quiet):
                self.follow_nodes(region.nodes, body, batch, marks)
            marks.update({wire: marks.get(end, 0) for wire, end in region.ends})

    def settle(self, region: Region, body: Body, batch: Dim, marks: dict[Operand, int]) -> None:
        """Turns of a loop until one is like the next. Marks only grow, also from the outside, so that loops in loops take few turns."""
        before, self.quiet = self.quiet, True
        growing = True
        while growing:
            self.follow_nodes(region.nodes, body, batch, marks)
            grown: dict[Operand, int] = {wire: marks.get(wire, 0) | marks.get(end, 0) for wire, end in region.again}
            growing = any(marks.get(wire, 0) != mark for wire, mark in grown.items())
            marks.update(grown)
        self.quiet = before


def mark_type(kind: TensorType, batch: Dim) -> int:
    """What an input comes of: of examples where one of its axes counts them."""
    return OWN if count_axes(kind, batch) else 0


def knows_batch(node: Apply, body: Body, batch: Dim) -> bool:
    """Its result may name places in the batch: it draws or counts them, or looks at several examples together."""
    op, (inputs, optional) = node.op, body.op_inputs(node)
    if not inputs:
        held = op.holds()
        return op.random or (held is not None and not batch.symbols().isdisjoint(Dim.of(held).symbols()))
    return any(count_axes(kind, batch) > 1 for kind in inputs) or op.mixes_examples(False, *inputs, **optional)


def chooses_of_shares(node: Apply, body: Body) -> bool:
    """Is it given probabilities of classes, or their logarithms, and one number for each row of them?"""
    if type(node.op).picks is Callable.picks or len(node.inputs) != 2 or not isinstance(node.inputs[0], int):
        return False
    maker, (inputs, _) = trace_in_body(body, node.inputs[0]), body.op_inputs(node)
    x, index = inputs
    fits = isinstance(x, TensorType) and isinstance(index, TensorType) and x.shape[:-1] == index.shape
    return fits and maker is not None and maker.op.gives in SHARES and getattr(maker.op, "axis", 0) in (-1, x.rank - 1)


def find_strangers(
    node: Apply, body: Body, batch: Dim, marks: Mapping[Operand, int], trail: tuple[Place, ...], sizes: Mapping[str, Dim]
) -> Iterator[Diagnostic]:
    """The problems of a use that picks for single examples by numbers that know nothing of the batch."""
    if type(node.op).picks is Callable.picks:
        return
    inputs, _ = body.op_inputs(node)
    for place, axis in node.op.picks(*inputs).items():
        x, index = inputs[0], inputs[place]
        if marks.get(node.inputs[place], 0) != OWN or not count_axes(index, batch):
            continue
        from netspec.diagnostics.shapes.picking import PicksForEveryExample, PicksRowsOfTheBatch  # few specs need it

        texts = read_operands(node.span) if len(inputs) == 2 else None
        names = (body.names.get(node.inputs[0], "x"), body.names.get(node.inputs[place], "i"))  # type: ignore[arg-type]
        facts = {
            "at": node.span,
            "input": x.substitute(sizes),
            "indices": index.substitute(sizes),
            "axis": axis,
            "batch": str(batch.substitute(sizes)),
            "names": names,
            "texts": texts,
            "trail": trail,
        }
        if count_axes(x.with_shape(x.shape[axis : axis + 1]), batch):
            yield PicksRowsOfTheBatch(**facts)
        elif count_axes(x, batch) and count_axes(body.types[node.outputs[0]], batch) > max(count_axes(x, batch), count_axes(index, batch)):
            yield PicksForEveryExample(**facts)


def read_operands(span: Span) -> tuple[str, str] | None:
    """What is picked from and by what, as `x[i]`, `x[:, i]` or `gather(x, i, …)` are written; None where it stands otherwise."""
    text = span.text.strip()
    if text.endswith("]"):
        start = find_opening(text)
        items = split_items(text[start + 1 : -1])
        chosen = [item for item in items if item not in (":", "...")]
        return (text[:start].strip(), chosen[0]) if start > 0 and len(chosen) == 1 else None
    if text.startswith("gather(") and text.endswith(")"):
        items = split_items(text[len("gather(") : -1])
        plain = [item for item in items if not item.startswith("axis")]
        return (plain[0], plain[1]) if len(plain) == 2 else None
    return None


def find_opening(text: str) -> int:
    """Where the bracket opens that the text ends with."""
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        depth += (text[place] in ")]}") - (text[place] in "([{")
        if depth == 0:
            return place
    return 0


def split_items(text: str) -> list[str]:
    """What stands between the commas that no bracket holds."""
    items, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            items.append("")
        else:
            items[-1] += letter
    return [item.strip() for item in items]
