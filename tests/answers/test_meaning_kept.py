"""Repairs keep what was meant: a call of another library becomes one that does the same, and what nobody can know is left to the author."""

from __future__ import annotations

from netspec import check
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.record import record
from netspec.source import Source
from netspec.testing.checks import hold
from tests.answers.test_calls import IMAGE, LOSS, TRAIN, Wrong, optimizer, repaired_once

PLAIN = "model M {{\n  input x: f32[B, 8, 8, 3]\n  output y = {}\n}}\n"
SETTING = TRAIN.replace("duration = 3 epochs\n", "duration = 3 epochs\n  {}\n")


@record
class Doubtful:
    """A spec whose author alone knows what is meant: the words of its help, and no edit."""

    spec: str
    words: str = ""

    def __str__(self) -> str:
        return self.spec


def setting(line: str, data: str = "batch(32)") -> str:
    return SETTING.format(data, LOSS, "adam(0.001)", line)


def duration(text: str) -> str:
    return TRAIN.format("batch(32)", LOSS, "adam(0.001)").replace("3 epochs", text)


def loss(code: str) -> str:
    return TRAIN.format("batch(32)", code, "adam(0.001)")


KEPT = [
    Wrong(IMAGE.format('conv(8, 3, 1, "relu")'), "x -> conv(8, 3, 1) -> relu"),
    Wrong(IMAGE.format("conv(64, 3) -> group_norm(8, 64)"), "-> group_norm(8) ->"),
    Wrong(IMAGE.format("conv(64, 3) -> nn.GroupNorm(8, 64)"), "-> group_norm(8) ->"),
    Wrong(IMAGE.format("layer_norm(3, 1e-5)"), "-> layer_norm(epsilon=1e-5) ->"),
    Wrong(IMAGE.format("nn.LayerNorm(3)"), "x -> layer_norm ->"),
    Wrong(PLAIN.format("F.interpolate(x, scale_factor=2)"), "= upsample(x, scale=2)"),
    Wrong(PLAIN.format("torch.cat([x, x])"), "= concat([x, x], axis=0)"),
    Wrong(PLAIN.format("torch.cat((x, x), dim=-1)"), "= concat([x, x], axis=-1)"),
    Wrong(PLAIN.format("np.concatenate([x, x])"), "= concat([x, x], axis=0)"),
    Wrong(PLAIN.format("torch.flatten(x, 1)"), "= flatten(x)"),
    Wrong(PLAIN.format("torch.std(x, dim=1)"), "= std(x, axis=1, ddof=1)"),
    Wrong(PLAIN.format("np.std(x, 1)"), "= std(x, 1)"),
    Wrong(PLAIN.format("torch.transpose(x, 1, 2)"), "= swap_axes(x, 1, 2)"),
    Wrong(IMAGE.format("nn.Conv2d(3, 64, 3)"), 'conv(64, 3, padding="VALID")'),
    Wrong(IMAGE.format("nn.Conv2d(3, 64, 3, padding=1)"), "conv(64, 3, padding=1)"),
    Wrong(IMAGE.format("Conv2D(64, 3)"), 'conv(64, 3, padding="VALID")'),
    Wrong(PLAIN.format('Conv2D(8, 3, activation="relu")(x)'), 'x -> conv(8, 3, padding="VALID") -> relu'),
    Wrong(PLAIN.format("nn.BatchNorm2d(3, momentum=0.1)(x)"), "= x -> batch_norm(momentum=0.9)"),
    Wrong(PLAIN.format("nn.Dropout2d(0.2)(x)"), "= x -> spatial_dropout(0.2)"),
    Wrong(PLAIN.format("nn.BatchNorm2d(3)(x)"), "= x -> batch_norm\n"),
    Wrong(IMAGE.format("nn.Dropout2d(0.2)"), "spatial_dropout(0.2)"),
    Wrong(IMAGE.format("BatchNorm2d(3, momentum=0.1)"), "batch_norm(momentum=0.9)"),
    Wrong(IMAGE.format("nn.BatchNorm2d(3, momentum=0.1)"), "batch_norm(momentum=0.9)"),
    Wrong(IMAGE.format("nn.LeakyReLU(0.2)"), "leaky_relu(0.2)"),
    Wrong(PLAIN.format("F.max_pool2d(F.relu(x), 2)"), "= max_pool(relu(x), 2)"),
    Wrong(PLAIN.format("np.swapaxes(x, 1, 2)"), "= swap_axes(x, 1, 2)"),
    Wrong(
        PLAIN.format("x -> nn.Conv2d(3, 8, 3, padding=1) -> nn.ReLU() -> nn.MaxPool2d(2) -> nn.Flatten() -> nn.Linear(128, 10)"),
        "conv(8, 3, padding=1) -> relu -> max_pool(2) -> flatten -> dense(10)",
    ),
    Wrong(loss("F.nll_loss(logits, label)"), "loss = softmax_cross_entropy(logits, label)"),
    Wrong(loss("nn.CrossEntropyLoss()(logits, label)"), "loss = (logits, label) -> softmax_cross_entropy"),
    Wrong(loss("sigmoid_cross_entropy(logits, label)"), "loss = softmax_cross_entropy(logits, label)"),
    Wrong(optimizer("adam(0.001, (0.9, 0.99))"), "adam(0.001, 0.9, 0.99)"),
    Wrong(setting("shuffle = false"), "data = digits() -> batch(32)"),
    Wrong(setting("early_stopping = false"), "duration = 3 epochs\n"),
    Wrong(setting("early_stopping = true"), "stop { patience = 5 }"),
    Wrong(setting("early_stopping = 3"), "stop { patience = 3 }"),
    Wrong(setting("early_stopping { patience = 3 }"), "stop { patience = 3 }"),
    Wrong(setting("early_stopping = {patience: 3, min_delta: 0.01}"), "stop { patience = 3; min_delta = 0.01 }"),
    Wrong(setting("patience = 3; min_delta = 0.01"), "stop { patience = 3; min_delta = 0.01 }"),
    Wrong(setting("early_stopping_patience = 3; stop { min_delta = 0.1 }"), "stop { patience = 3; min_delta = 0.1 }"),
]

DOUBTFUL = [
    Doubtful(optimizer("sgd(0.1, 0.9, 0.01)"), "has its name before it"),
    Doubtful(optimizer("momentum(0.1, 0.9, 0.01)"), "has its name before it"),
    Doubtful(PLAIN.format("torch.flatten(x)"), "keeps the batch"),
    Doubtful(PLAIN.format("x.std(1)"), "ddof=1"),
    Doubtful(PLAIN.format("x.var(1)"), "ddof=1"),
    Doubtful(PLAIN.format("matmul(x, x)")),
    Doubtful(duration("100k")),
    Doubtful(setting("callbacks = [early_stopping(patience=3)]"), "`duration` says how long it is"),
    Doubtful(setting("steps_per_epoch = 100"), "`duration` says how long it is"),
]


def left_to_author(wrong: Doubtful) -> None:
    """One problem, whose help says what the difference is, without an edit."""
    source = Source("spec.net", f"netspec 1\n{wrong.spec}")
    (problem,) = check(source).problems
    assert not edits_of(problem), apply_edits(source, edits_of(problem))
    assert wrong.words in (problem.help() or "")


def test_what_was_meant_is_kept() -> None:
    hold([repaired_once], *KEPT)


def test_what_is_not_known_is_no_edit() -> None:
    hold([left_to_author], *DOUBTFUL)
