"""Writes data chains anew that are written as other libraries write them: a loader around a dataset, batches as an argument, `prefetch`."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.suggestions.nearest import nearest, squash
from netspec.library.shelf import index
from netspec.record import record
from netspec.syntax import tree

LOADERS = ("dataloader", "loader", "torchloader", "dataiterator")
NEEDLESS = ("prefetch", "repeat", "pinmemory", "autotune", "interleave", "withoptions", "asnumpyiterator", "numworkers")
"""Stages that say nothing here: how batches are made ready is no setting."""
BATCH = ("batch", "batchsize", "bs", "minibatch", "minibatchsize", "batches")
SHUFFLE = ("shuffle", "shufflefiles", "shuffled")
SAID = (
    "root",
    "download",
    "asdataset",
    "assupervised",
    "droplast",
    "numworkers",
    "pinmemory",
    "datadir",
    "seed",
    "shuffleseed",
    "reshuffle",
)
"""Arguments of datasets and loaders that say nothing here."""
PARTS = {"train": "train", "training": "train", "test": "test", "val": "test", "validation": "test", "eval": "test"}


@record(frozen=False)
class Draft:
    """A chain while it is written anew."""

    stages: list[str]
    """Those behind the dataset."""
    head: str = ""
    batch: str = ""
    shuffle: bool = False
    changed: bool = False

    def text(self) -> str:
        stages = list(self.stages)
        names = [stage.partition("(")[0] for stage in stages]
        if self.shuffle and "shuffle" not in names:
            stages.insert(names.index("batch") if "batch" in names else len(stages), "shuffle")
        if self.batch and "batch" not in names:
            stages.append(f"batch({self.batch})")
        return " -> ".join([self.head, *stages])


def rewrite_chain(node: tree.Expr) -> str:
    """The chain as it is written here; "" where nothing of it is foreign, or not all of it is understood."""
    if is_plain(node) or "#" in node.span.text:
        return ""
    draft = Draft(stages=[])
    head, stages = (node.head, node.stages) if isinstance(node, tree.Chain) else (node, ())
    if not read_head(draft, head) or not read_stages(draft, stages):
        return ""
    return draft.text() if draft.changed and draft.head else ""


def is_plain(node: tree.Expr) -> bool:
    """Everything in a chain is on the shelf, with arguments that it has."""
    parts = [node.head, *(s.call for s in node.stages if isinstance(s, tree.Stage))] if isinstance(node, tree.Chain) else [node]
    return all(isinstance(part, tree.Call | tree.Name) and fits(part) and not is_needless(part) for part in parts)


def is_needless(part: tree.Call | tree.Name) -> bool:
    """A stage that says nothing here: `prefetch(2)`, and a `repeat` without a number, which elsewhere is for ever."""
    name = part.callee.text if isinstance(part, tree.Call) else part.text
    return squash(name.rpartition(".")[2]) in NEEDLESS and not (isinstance(part, tree.Call) and part.args and fits(part))


def fits(part: tree.Call | tree.Name) -> bool:
    """A dataset or transform with arguments that it has."""
    entry = index.lookup(part.callee.text if isinstance(part, tree.Call) else part.text, "dataset", "transform")
    names = {a.name for a in entry.signature} if entry is not None else set()
    open_ = entry is not None and bool(entry.open_arguments)
    args = part.args if isinstance(part, tree.Call) else ()
    types = {a.name: a.type for a in entry.signature} if entry is not None else {}
    return entry is not None and (open_ or all(a.name is None or a.name in names and takes_word(a, types) for a in args))


def takes_word(arg: tree.Arg, types: dict[str, str]) -> bool:
    """A word of those that the argument has, where it has words; anything else is looked at where it is used."""
    wanted = types.get(arg.name or "", "")
    return not isinstance(arg.value, tree.String) or '"' not in wanted or f'"{arg.value.value}"' in wanted


def read_head(draft: Draft, head: tree.Expr) -> bool:
    """The dataset, or what stands around it; False where it is none."""
    if isinstance(head, tree.String):
        name = find_dataset(head.value)
        draft.head, draft.changed, draft.shuffle, draft.batch = f"{name}()", True, True, "32"
        return bool(name)
    if isinstance(head, tree.Call) and squash(head.callee.text.rpartition(".")[2]) in LOADERS and head.args:
        return read_loader(draft, head)
    if not isinstance(head, tree.Call | tree.Name):
        return False
    written = head.callee.text if isinstance(head, tree.Call) else head.text
    name = find_dataset(written)
    if not name:
        return False
    draft.changed |= name != written
    args = read_arguments(draft, head.args if isinstance(head, tree.Call) else (), name)
    if args is None:
        return False
    draft.head = f"{name}({', '.join(args)})" if isinstance(head, tree.Call) else name
    return True


def read_loader(draft: Draft, call: tree.Call) -> bool:
    """`DataLoader(digits(), batch_size=32, shuffle=true)`: the dataset stands first."""
    inner = call.args[0].value
    if call.args[0].name not in (None, "dataset") or not read_head(draft, inner.head if isinstance(inner, tree.Chain) else inner):
        return False
    if isinstance(inner, tree.Chain) and not read_stages(draft, inner.stages):
        return False
    draft.changed = True
    left = read_arguments(draft, call.args[1:], "")
    draft.batch = draft.batch or "32"
    return left == []


def read_arguments(draft: Draft, args: Sequence[tree.Arg], dataset: str) -> list[str] | None:
    """The arguments that the dataset keeps; None where one is not understood."""
    entry = index.lookup(dataset, "dataset") if dataset else None
    known = {a.name: a.type for a in entry.signature} if entry is not None else {}
    kept: list[str] = []
    for arg in args:
        word, text = squash(arg.name or ""), arg.value.span.text
        part = read_part(arg, word) if "part" in known else ""
        if part and not fits_type(arg, known):
            kept.append(f'part="{part}"')
        elif arg.name is None or arg.name in known:
            if not dataset:
                draft.batch = text
            else:
                kept.append(arg.span.text)
            continue
        elif word in BATCH:
            draft.batch = text
        elif word in SHUFFLE:
            draft.shuffle |= text not in ("false", "none", "0")
        elif word not in SAID:
            return None
        draft.changed = True
    return kept


def fits_type(arg: tree.Arg, known: dict[str, str]) -> bool:
    """An argument that the dataset has, with a word that it takes."""
    return arg.name in known and (not isinstance(arg.value, tree.String) or f'"{arg.value.value}"' in known[arg.name])


def read_part(arg: tree.Arg, word: str) -> str:
    """The part of the data that `split="test"` or `train=false` means; "" for other arguments."""
    if word in ("split", "part", "subset", "mode", "partition") and isinstance(arg.value, tree.String):
        return PARTS.get(arg.value.value.lower(), "")
    if word in ("train", "istraining") and isinstance(arg.value, tree.Constant):
        return "train" if arg.value.value else "test"
    return ""


def read_stages(draft: Draft, stages: Sequence[tree.Node]) -> bool:
    """The stages behind; False where one is not understood."""
    for stage in stages:
        call = stage.call if isinstance(stage, tree.Stage) else None
        if call is None:
            return False
        if is_needless(call):
            draft.changed = True
        elif fits(call):
            draft.stages.append(call.span.text)
        else:
            return False
    return True


def find_dataset(name: str) -> str:
    """The dataset that a name means: `load_digits`, `MNIST`, `tfds.mnist`, `CIFAR10Dataset`; "" for one that needs arguments or is none."""
    last = name.rpartition(".")[2]
    bare = squash(last).removeprefix("load").removeprefix("get").removesuffix("dataset").removesuffix("data")
    same = [own for own in index.names("dataset") if squash(own) in (squash(last), bare)]
    found = same or ([] if index.entries(last) else nearest(last, index.names("dataset")))
    return found[0] if found else ""
