"""Binds the names of a whole file: its sections, and the settings of `train`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from netspec.diagnostics.base import Diagnostic, Edit, Mistake, Repair
from netspec.diagnostics.names.bindings import DuplicateName, MisplacedDeclaration
from netspec.diagnostics.names.unknown_names import UnknownModel, UnknownSetting
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.diagnostics.text.versions import NotYetCompiled
from netspec.diagnostics.training.serving import ServeLine
from netspec.diagnostics.training.settings import MetricNamedLoss
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.resolve.bodies import Bodies
from netspec.resolve.expressions import CALLABLE, Names
from netspec.resolve.functions import Functions, find_built_in, find_collision
from netspec.resolve.graph import UNREAD, Definition, Function, Graph, Meaning
from netspec.resolve.imports import Names as Brought
from netspec.resolve.imports import Project
from netspec.resolve.name_scope import Scope
from netspec.resolve.setting_names import GROUPS, MEASURED, SETTINGS, list_lines
from netspec.source import Source, Span
from netspec.syntax import tree

WANTED = {"data": ("dataset", "transform"), "loss": ("loss", "function"), "optimizer": ("optimizer", "schedule")}
"""The kinds of op that a setting's calls may be, the most likely first."""
OWN_WORDS = ("precision", "lowering", "on_nonfinite")
"""Settings whose words, such as `mixed(bf16)`, are their own."""
LATE_VALUES = ("batch_size",)
"""Values that `train` knows without being told."""
LATER = ("mesh", "shard", "parallel")
"""Settings of the language that this version does not compile."""


def resolve(file: tree.File, source: Source, project: Project | None = None) -> tuple[Graph, list[Diagnostic]]:
    """Bind every name of a file and of those it imports. Problems are returned, never raised."""
    problems: list[Diagnostic] = []
    project = project or Project(source.path)
    project.problems = problems.extend
    opened = Opened(project, problems)
    names = opened.file(file, source)
    for section in file.sections:
        resolve_section(section, names, names.definitions)
    trains = tuple(s for s in file.sections if isinstance(s, tree.Train))
    problems += find_twin_trainings(trains)
    serves = tuple(s for s in file.sections if isinstance(s, tree.Serve))
    expects = tuple(s for s in file.sections if isinstance(s, tree.Expect))
    sections = (trains, serves, expects)
    files = (tuple(opened.params), dict(project.sources))
    graph = Graph(source, file, names.params, names.definitions, *sections, opened.meanings, *files, tuple(opened.functions))
    return graph, problems


def find_twin_trainings(trains: Iterable[tree.Train]) -> Iterator[Diagnostic]:
    """The problems of sections that train under a name which one before them has: a run is asked for by it."""
    first: dict[str, tree.Train] = {}
    for node in trains:
        name = node.alias or node.model
        if first.setdefault(name, node) is not node:
            start = node.body.span.start
            edit = Edit(Span(node.span.source, start, start), f"as {name}_2 ")
            ways = (Repair((edit,), f"as {name}_2"),) if node.alias is None else ()
            yield DuplicateName(at=node.name_span, name=name, what="training", first=first[name].name_span, ways=ways)


class Opened:
    """The main file and its imports, resolved into one table of meanings."""

    def __init__(self, project: Project, problems: list[Diagnostic]) -> None:
        self.project, self.problems = project, problems
        self.meanings: dict[int, Meaning] = {}
        self.params: list[tree.Param] = []
        self.functions: list[Function] = []

    def file(self, file: tree.File, source: Source) -> Names:
        """Bind the names of one file's params, blocks and models, imports first."""
        params = collect_sections(file, tree.Param, "param", self.problems)
        self.params += params.values()
        shells = collect_sections(file, (tree.Block, tree.Model), "name", self.problems)
        own = {name: define(node, params) for name, node in shells.items()}
        written = self.written_functions(file, {**params, **shells})
        brought = self.imported(file, {**shells, **{name: function.node for name, function in written.items()}})
        blocks = {name: found for name, found in brought.items() if isinstance(found, Definition)}
        names = Names(params, {**blocks, **own}, self.problems.append, self.meanings)
        names.functions = {**{name: found for name, found in brought.items() if isinstance(found, Function)}, **written}
        names.unread = frozenset(find_unread(file))
        sections = group_by_model(file)
        for param in params.values():
            for part in (param.default, param.where):
                if part is not None:
                    names.expression(part, Scope())
        Functions(names).check(written)
        self.problems += [
            MisplacedDeclaration(at=s.span, keyword="dim", name=s.name, owner="file") for s in file.sections if isinstance(s, tree.DimBound)
        ]
        for definition in own.values():
            Bodies(names, definition, sections.get(definition.name, ())).check()
        return names

    def written_functions(self, file: tree.File, others: Mapping[str, tree.Param | tree.Block | tree.Model]) -> dict[str, Function]:
        """The functions of a file; a name that something else has is reported."""
        nodes = collect_sections(file, tree.Function, "function", self.problems)
        self.problems += [problem for node in nodes.values() if (problem := find_collision(node, others)) is not None]
        written = {name: Function(node) for name, node in nodes.items()}
        self.functions += written.values()
        return written

    def imported(self, file: tree.File, own: Mapping[str, tree.Block | tree.Model | tree.Function]) -> Brought:
        """What the file's `import` lines bring."""
        found: dict[str, Definition | Function] = {}
        for section in file.sections:
            if not isinstance(section, tree.Import):
                continue
            try:
                brought = self.project.names(section, self.define)
            except Mistake as mistake:
                self.problems.append(mistake.diagnostic)
                brought = {n.alias or n.name: UNREAD for n in section.names}
            for name, definition in brought.items():
                taken = own.get(name) or (found[name].node if name in found else None)
                if taken is not None:
                    self.problems.append(DuplicateName(at=section.span, name=name, first=taken.name_span))
                elif isinstance(definition, Function) and (problem := find_built_in(name, find_import(section, name))):
                    self.problems.append(problem)
                found[name] = definition
        return found

    def define(self, file: tree.File, source: Source) -> Brought:
        """What an imported file defines."""
        names = self.file(file, source)
        return {**names.definitions, **names.functions}


FUNCTION = re.compile(r'(let|def|fn|func|function) |\{\s*"kind":\s*"let"')
"""How text begins that may have been meant as a function."""


def find_import(section: tree.Import, name: str) -> Span:
    """Where an `import` gives something this name."""
    return next((n.span for n in section.names if (n.alias or n.name) == name), section.span)


def group_by_model(file: tree.File) -> dict[str, list[tree.Section]]:
    """The sections about each model, which see its params."""
    found: dict[str, list[tree.Section]] = {}
    for section in file.sections:
        if isinstance(section, tree.Train | tree.Serve | tree.Expect):
            found.setdefault(section.model, []).append(section)
    return found


def collect_sections(file: tree.File, kinds: type | tuple[type, ...], what: str, problems: list[Diagnostic]) -> dict:
    """Sections of some kinds by name; a second one of the same name is reported."""
    found: dict = {}
    for section in file.sections:
        if isinstance(section, kinds):
            first = found.setdefault(section.name, section)  # type: ignore[attr-defined]
            if first is not section:
                problems.append(DuplicateName(at=section.name_span, name=section.name, what=what, first=first.name_span))  # type: ignore[attr-defined]
    return found


def define(node: tree.Block | tree.Model, params: dict[str, tree.Param]) -> Definition:
    """What a block or model offers to its callers: params, inputs, outputs and bounds of dims."""

    found: dict[type, list] = {tree.Param: [], tree.Input: [], tree.Output: []}
    collect_declared(node.body, found)
    bounds = tuple(s for s in node.body.statements if isinstance(s, tree.DimBound))
    own, inputs = keep_first(found[tree.Param]), keep_first(found[tree.Input])
    items = {i.name: item for i in inputs if (item := item_type(i.type)) is not None}
    inputs = tuple(replace(i, type=items.get(i.name, i.type)) for i in inputs)
    return Definition(node, own, inputs, tuple(found[tree.Output]), bounds, params, frozenset(items))


def item_type(ref: tree.TensorRef) -> tree.TensorRef | None:
    """The type of an item of `list[f32[B, T, D]]`; None for a type of one tensor."""
    inner = ref.dims[0] if ref.dtype == "list" and len(ref.dims) == 1 else None
    if not isinstance(inner, tree.Index) or not isinstance(inner.value, tree.Name) or any(isinstance(i, tree.Slice) for i in inner.items):
        return None
    return tree.TensorRef(inner.value.text, tuple(inner.items), span=inner.span)  # type: ignore[arg-type]


def keep_first(declared: list) -> tuple:
    """Of a name that stands twice, which is reported, the first."""
    known = {node.name: node for node in reversed(declared)}
    return tuple(node for node in declared if known[node.name] is node)


def find_unread(file: tree.File) -> list[str]:
    """Names like a block's in text that could not be read, and those of functions: one may have been meant there."""
    found: list[str] = []

    def visit(parts: tuple) -> None:
        for part in parts:
            if isinstance(part, tree.Hole):
                found.extend(n for n in (*part.names, *part.mentions) if n[:1].isupper())
                found.extend((*part.names, *part.mentions[1:2]) if FUNCTION.match(part.span.text) else ())
            elif isinstance(part, tree.Block | tree.Model | tree.For | tree.Repeat | tree.When):
                visit(part.body.statements)

    visit(file.sections)
    return found


def collect_declared(body: tree.Body, found: dict[type, list]) -> None:
    """Params, inputs and outputs of a body, in order, those in regions included, so that a misplaced one is the only problem."""
    for statement in body.statements:
        if type(statement) in found:
            found[type(statement)].append(statement)
        elif isinstance(statement, tree.For | tree.Repeat | tree.When):
            collect_declared(statement.body, found)


def resolve_section(section: tree.Section, names: Names, definitions: Mapping[str, Definition]) -> None:
    """Binds the names of a section with the scope that its kind sees."""
    match section:
        case tree.Train() | tree.Serve() | tree.Expect():
            kind = type(section).__name__.lower()
            definition = definitions.get(section.model)
            if definition is None or not definition.is_model:
                near = tuple(nearest(section.model, models_of(definitions)) or islice(models_of(definitions), LIMITS.suggestions))
                names.report(UnknownModel(at=section.name_span, name=section.model, section=kind, near=near))
            names.each([a.value for a in section.args], Scope(), False)
            names.own = frozenset(p.name for p in definition.params) if definition is not None else frozenset()
            if isinstance(section, tree.Expect):
                expect(section, names)
            elif isinstance(section, tree.Serve):
                bind_decodings(section, names)
            else:
                names.owner = section, definition
                settings(section.body, "train", names)
                names.training, names.owner = False, (None, None)
            names.own = frozenset()
        case _:
            pass


def models_of(definitions: Mapping[str, Definition]) -> Iterator[str]:
    """The names of the models among blocks and models."""
    return (name for name, definition in definitions.items() if definition.is_model)


def bind_decodings(section: tree.Serve, names: Names) -> None:
    """Bind the lines of `serve`, each of which feeds an input of the model."""
    seen: dict[str, tree.Setting | tree.Group | tree.Metric] = {}
    names.wanted = ("decoder",)
    for item in section.body.items:
        if isinstance(item, tree.Setting):
            report_twice(seen, item, item.key, "input", names)
            names.expression(item.value, Scope(), late=True)
        elif not isinstance(item, tree.Hole):
            names.report(ServeLine(at=item.span, model=section.model))


def expect(section: tree.Expect, names: Names) -> None:
    """Binds the names of claims; paths and costs are known only later."""
    for claim in section.claims:
        if isinstance(claim, tree.Claim):
            names.each([claim.left, claim.right, *(a.value for a in claim.at)], Scope(), True)
        elif isinstance(claim, tree.OutputClaim):
            names.each([d for d in claim.type.dims if not isinstance(d, tree.Dots)], Scope(), True)


def settings(body: tree.Settings, section: str, names: Names, inherited: Scope | None = None) -> None:
    """Bind the settings of a section: each may stand once, metrics have names of their own, `let` binds for what follows."""
    seen: dict[str, tree.Setting | tree.Group | tree.Metric] = {}
    scope, names.training = Scope(inherited), True
    strange = report_strangers(body, section, scope, names)
    for item in body.items:
        match item:
            case tree.Setting() | tree.Group():
                if id(item) in strange:
                    continue
                report_twice(seen, item, key_of(item), "setting", names)
                if isinstance(item, tree.Setting):
                    if item.key == "loss":
                        forgive_bare(item.value, names)
                    names.wanted = WANTED.get(item.key, CALLABLE)
                    if item.key not in OWN_WORDS and not is_foreign(item):
                        names.expression(item.value, scope, late=True)
                else:
                    settings(item.body, item.key, names, scope)
            case tree.Hole():
                for name in hole_names(item):
                    scope.bind(name, "unread", item.span)
            case tree.Metric() if section not in MEASURED:
                names.report(unknown_setting(item.name_span, section, "metric"))
            case tree.Metric(name="loss"):
                names.report(name_other(item))
            case tree.Metric():
                report_twice(seen, item, f"metric {item.name}", "metric", names)
                names.wanted = ("metric", "loss", "function")
                forgive_bare(item.value, names)
                names.expression(item.value, scope, late=True)
            case tree.Let():
                names.wanted = ("function", "loss")
                names.expression(item.value, scope, late=True)
                for target in item.targets:
                    scope.bind(target.name, "binding", target.span)
            case _:
                pass


def is_foreign(item: tree.Setting) -> bool:
    """A value that is written as other libraries write it, and reported as a whole where the settings are read."""
    if item.key in ("duration", "every"):
        return isinstance(item.value, tree.Call)
    if item.key == "data":
        from netspec.resolve.foreign_settings.data_forms import rewrite_chain

        return bool(rewrite_chain(item.value))
    if item.key == "optimizer" and isinstance(item.value, tree.Call):
        from netspec.resolve.foreign_settings.values import is_foreign_chain, takes_parameters

        return is_foreign_chain(item.value) or takes_parameters(item.value)
    return False


def name_other(item: tree.Metric) -> MetricNamedLoss:
    """The problem of a metric called `loss`, with the name of what measures it."""
    from netspec.resolve.foreign_settings.measures import name_metric  # only specs with a problem need it

    name = name_metric(item.value)
    return MetricNamedLoss(at=item.name_span, ways=(Repair((Edit(item.name_span, name),), f"metric {name} = {item.value.span.text}"),))


def forgive_bare(node: tree.Expr, names: Names) -> None:
    """A loss of another library that is called on nothing, `CrossEntropyLoss()`, is reported where it is known what it can be called on."""
    if not isinstance(node, tree.Call) or names.named(node.callee) is not None:
        return
    from netspec.resolve.foreign_settings.measures import find_measure, takes_inputs  # only specs with a problem need it

    if not takes_inputs(node) and find_measure(node.callee.text):
        names.unread |= {node.callee.text}


def hole_names(item: tree.Hole) -> tuple[str, ...]:
    """The names that a line would have bound which could not be read, a `param` that stands in the wrong place among them."""
    declared = item.span.text.split(":")[0].split()
    return (*item.names, declared[1]) if declared[:1] == ["param"] and len(declared) == 2 else item.names


def is_allowed(item: tree.SettingItem, section: str) -> bool:
    """Whether a line is no setting and no section, or one that this section has."""
    if not isinstance(item, tree.Setting | tree.Group):
        return True
    return item.key in (SETTINGS[section] if isinstance(item, tree.Setting) else GROUPS[section])


def report_strangers(body: tree.Settings, section: str, scope: Scope, names: Names) -> frozenset[int]:
    """Report the settings and sections that a section lacks; the ids of their lines. What they would have named is known to be unread."""
    strange = [item for item in body.items if isinstance(item, tree.Setting | tree.Group) and not is_allowed(item, section)]
    if not strange:
        return frozenset()
    later = [item for item in strange if section == "train" and item.key in LATER]
    for item in later:
        names.report(NotYetCompiled(at=item.name_span, what=f"`{item.key}`"))
    from netspec.resolve.foreign_settings.strangers import describe_strangers, find_strangers  # only specs with a problem need it

    found = [s for s in find_strangers(body, section) if all(s.item is not item for item in later)]
    for problem in describe_strangers(found, body, section, list_lines(section), *names.owner):
        names.report(problem)
    for item in strange:
        scope.bind(item.key, "unread", item.name_span)
    return frozenset(map(id, strange))


def unknown_setting(at: Span, section: str, name: str) -> Diagnostic:
    """What a section has instead of a setting of that name."""
    every = list_lines(section)
    return UnknownSetting(at=at, section=section, name=name, near=tuple(nearest(name, every)), options=every)


def key_of(item: tree.Setting | tree.Group) -> str:
    """What a setting or group is known by in its section: `data`, `update critic`."""
    return f"{item.key} {item.label}" if isinstance(item, tree.Group) and item.label else item.key


def report_twice(seen: dict, item: tree.Setting | tree.Group | tree.Metric, key: str, what: str, names: Names) -> None:
    """Reports a setting, group or metric that stood there before."""
    first = seen.setdefault(key, item)
    if first is not item:
        from netspec.resolve.foreign_settings.lines import drop_line  # only specs with a problem need it

        name = item.name if isinstance(item, tree.Metric) else key_of(item)
        text = first.span.source.pointers is None
        ways = (Repair((drop_line(first),), ""),) if what == "setting" and text else ()
        if isinstance(item, tree.Metric) and isinstance(first, tree.Metric) and text:
            same = item.value == first.value
            ways = (Repair((drop_line(item),), "") if same else Repair((Edit(item.name_span, f"{name}_2"),), f"{name}_2"),)
        names.report(DuplicateName(at=item.name_span, name=name, what=what, first=first.name_span, ways=ways))
