"""What netspec says in situations of `docs/problems/` that only words tell there, by slug: the facts, for the class to put into words.

A full disk, a missing package or a damaged run take long to bring about; tests of those parts do, in `tests/train` and `tests/plugins`.
"""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.data.parts import ExamplesInTwoParts
from netspec.diagnostics.data.sequences import EvalDataNeeded
from netspec.diagnostics.data.texts import UnpacksTooFar
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.diagnostics.names.imports import NotOneFile
from netspec.diagnostics.running import checkpoints, loggers, plugins, predictions, weight_files
from netspec.diagnostics.running.exports import SizeNotTraced
from netspec.diagnostics.running.files import BrokenInstallation
from netspec.diagnostics.running.limits import MemoryLimit, TimeLimit
from netspec.diagnostics.running.runs import InputsUnreadable, NothingToEvaluate
from netspec.source import Source, Span

RUN = "runs/Digits-1"
SAVED = f"{RUN}/checkpoints/220"


def span(path: str, line: int, text: str, word: str) -> Span:
    """A word in a line of a file."""
    above = "netspec 1\n" + "\n" * (line - 2)
    start = len(above) + text.index(word)
    return Span(Source(path, above + text + "\n"), start, start + len(word))


CONV = "  output y = x -> acme.fast_conv(8)"
MIXUP = "  data = digits() -> acme.mixup() -> batch(32)"
PROBLEMS: tuple[Diagnostic, ...] = (
    ExamplesInTwoParts(part="test", examples=391, of=400, record=0),
    EvalDataNeeded(at=span("m.net", 9, MIXUP, "acme.mixup()"), transform="acme.mixup"),
    PackageNeeded(op="sentencepiece", package="sentencepiece", extra="text"),
    UnpacksTooFar(file="data/train.txt.gz", limit=216_777_216),
    BrokenInstallation(path="grammar/netspec.lark"),
    TimeLimit(at=span("slow.net", 7, "    x = x -> dense(8)", "dense(8)"), seconds=10, doing="proving this"),
    MemoryLimit(limit="1 GiB"),
    plugins.UnknownPlugin(at=span("model.net", 5, CONV, "acme.fast_conv"), name="acme.fast_conv", plugin="acme"),
    loggers.LoggerBroken(logger="acme", package="acme-nets", reason="what it gives has no method `record`"),
    plugins.PluginBroken(plugin="acme", package="acme-nets", reason="ModuleNotFoundError: No module named 'scipy'"),
    plugins.PluginFault(
        at=span("model.net", 5, CONV, "acme.fast_conv(8)"),
        plugin="acme",
        op="acme.fast_conv",
        method="shape",
        error="IndexError: tuple index out of range",
        where="layers.py:31",
    ),
    NothingToEvaluate(run="runs/Names-1"),
    InputsUnreadable(path="images.csv", reason="File is not a zip file"),
    predictions.FileNotPredicted(file="new.png", takes=("files as those it was trained on", "JSON lines (.jsonl)", "arrays (.npz)")),
    NotOneFile(name="Block", defined=("lib/encoder.net:3", "lib/decoder.net:3")),
    predictions.PredictionInputs(both=False),
    predictions.BadExample(file="new.jsonl", line=3, field="long", wanted="f32[]", given=("lonq", "wide")),
    predictions.ExampleNotPredicted(
        file="new.jsonl", where="line 3", why="record 0 of the field `tokens` holds 300, but `embed` takes -300 to 299."
    ),
    predictions.NotPredictedByExample(model="Karate", name="edges", type="i32[E, 2]"),
    predictions.AnswersOfUnknownForm(file="answers.xlsx"),
    predictions.AnswerNotFlat(file="answers.csv", name="scores"),
    checkpoints.CheckpointDamaged(
        path=f"{SAVED}/tensors.bin", finding="its SHA-256 differs from the manifest's", whole=(176,), folder=SAVED
    ),
    checkpoints.CheckpointMismatch(path=SAVED, differences=("missing: params.conv_0/kernel f32[3, 3, 1, 32]",)),
    checkpoints.CheckpointTooNew(path=SAVED, format=3, known=2),
    checkpoints.NoSuchCheckpoint(run=RUN, which="7", steps=(176, 220)),
    checkpoints.RunFileDamaged(path=f"{RUN}/metrics.jsonl", place="line 3, /loss", finding="it is no number", line=3),
    checkpoints.CheckpointsReplaced(run=RUN, which="last", tries=10),
    checkpoints.RunOfAnotherSpec(run=RUN, differences=("train.seed: was not set, is 3",)),
    checkpoints.RunOfMean(run="runs/mean", steps=(132, 176, 220), spec="digits.net"),
    checkpoints.TooFewCheckpoints(run=RUN, wanted=5, steps=(132, 176, 220)),
    weight_files.OutputNeeded(run=RUN, count=3),
    weight_files.InitialNamesDiffer(
        source="runs/Animals-1", differences=("the classes of `label`: not the same 2: number 1 is `hare`, and was `dog`",)
    ),
    weight_files.InitialWeightsDiffer(
        source=RUN,
        misshaped=("dense_1/kernel is [32, 10], [32, 12] in the model", "dense_1/bias is [10], [12] in the model"),
        taken=2,
        paths=("dense_0/kernel", "dense_0/bias", "dense_1/kernel", "dense_1/bias"),
    ),
    weight_files.BadMap(text="encodr/**=body/**", reason="fits no array", near=("encoder/dense_0/kernel",)),
    weight_files.NoInitialWeights(option="--partial"),
    weight_files.InitialWeightsNeeded(run="runs/Wide-1", source=RUN),
    weight_files.UnknownWeightsFile(path="weights.bin", suffixes=(".safetensors", ".npz", ".msgpack")),
    weight_files.WeightsUnreadable(path="weights.safetensors", reason="1,024 bytes of tensors are in it, and its header describes 2,440"),
    checkpoints.NothingLeftToTrain(run=RUN, step=220, duration="3 epochs", steps=132),
    checkpoints.DataChanged(run=RUN, file=f"{RUN}/data.json", differences=("train.csv: it has 4,810 bytes, and had 4,790",)),
    checkpoints.DataDiffer(run=RUN, differences=("test.csv: its content is another",)),
    checkpoints.RunInUse(run=RUN),
    SizeNotTraced(model="Tagger", sizes=("B", "T"), batch="B", reason="a scan needs a number."),
)
TOLD = {problem.slug(): problem for problem in PROBLEMS}
