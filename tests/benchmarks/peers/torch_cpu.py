"""Peer: PyTorch on a CPU, eager, as its examples are written. It is optional: nothing else imports torch."""

from __future__ import annotations

import time
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.benchmarks.peers.running import SHOWN_EVERY, feed
from tests.benchmarks.workloads import Batch, Rule, Sizes, Workload


class Cnn(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(s["channels"], 32, 3, padding=1), nn.Conv2d(32, 64, 3, padding=1)
        self.inner, self.head = nn.Linear((s["size"] // 4) ** 2 * 64, 256), nn.Linear(256, s["classes"])

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        x = F.avg_pool2d(F.relu(self.first(batch["x"])), 2)
        x = F.avg_pool2d(F.relu(self.second(x)), 2)
        return self.head(F.relu(self.inner(x.flatten(1))))


def normalised(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    """A convolution and its norm."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs))


class Block(nn.Module):
    """A residual block; a `deep` one is narrow in the middle."""

    def __init__(self, inputs: int, features: int, stride: int, deep: bool) -> None:
        super().__init__()
        outputs = 4 * features if deep else features
        if deep:
            parts = [normalised(inputs, features, 1), nn.ReLU(), normalised(features, features, 3, stride), nn.ReLU()]
            self.body = nn.Sequential(*parts, normalised(features, outputs, 1))
            nn.init.zeros_(self.body[-1][1].weight)  # pyright: ignore
        else:
            self.body = nn.Sequential(normalised(inputs, features, 3, stride), nn.ReLU(), normalised(features, features, 3))
        self.short = normalised(inputs, outputs, 1, stride) if stride > 1 or inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.short(x))


class ResNet(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        deep, channels = "stages" in s, s["width"]
        self.stem = normalised(s["channels"], channels, 7, 2) if deep else normalised(s["channels"], channels, 3)
        self.pool = nn.MaxPool2d(3, 2, 1) if deep else nn.Identity()
        parts = []
        for stage, depth in enumerate(s["stages"] if deep else (s["depth"],) * 3):
            for block in range(depth):
                features = s["width"] * 2**stage
                parts.append(Block(channels, features, 2 if stage and not block else 1, deep))
                channels = 4 * features if deep else features
        self.blocks, self.head = nn.Sequential(*parts), nn.Linear(channels, s["classes"])

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        return self.head(self.blocks(self.pool(F.relu(self.stem(batch["x"])))).mean((2, 3)))


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.widen, self.narrow = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        count, length, width = x.shape
        query, key, value = self.qkv(self.first(x)).view(count, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(count, length, width))
        return x + self.narrow(F.relu(self.widen(self.second(x))))


class Lm(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        width = s["width"]
        self.embed = nn.Embedding(s["vocab"], width)
        nn.init.normal_(self.embed.weight, std=width**-0.5)
        angles = torch.arange(s["length"])[:, None] * torch.exp(torch.arange(0, width, 2) * -(torch.log(torch.tensor(10_000.0)) / width))
        self.register_buffer("positions", torch.stack([angles.sin(), angles.cos()], -1).reshape(s["length"], width))
        self.layers = nn.Sequential(*(Layer(width, s["heads"], s["inner"]) for _ in range(s["layers"])))
        self.norm, self.head = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, s["vocab"])

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        return self.head(self.norm(self.layers(self.embed(batch["x"][:, :-1]) + self.positions)))


class Seq2Seq(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.vocab = s["vocab"]
        self.encoder, self.decoder = (nn.LSTM(s["vocab"], s["hidden"], batch_first=True) for _ in range(2))
        self.head = nn.Linear(s["hidden"], s["vocab"])

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        asked, answered = (F.one_hot(batch[name], self.vocab).float() for name in ("enc", "dec"))
        packed = nn.utils.rnn.pack_padded_sequence(asked, batch["enc_len"], batch_first=True, enforce_sorted=False)
        return self.head(self.decoder(answered[:, :-1], self.encoder(packed)[1])[0])


class Tagger(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.embed = nn.Embedding(s["vocab"], s["width"])
        nn.init.normal_(self.embed.weight, std=s["width"] ** -0.5)
        self.both = nn.LSTM(s["width"], s["hidden"], batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * s["hidden"], s["tags"])

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        words = batch["x"]
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(words), batch["len"], batch_first=True, enforce_sorted=False)
        return self.head(nn.utils.rnn.pad_packed_sequence(self.both(packed)[0], batch_first=True, total_length=words.shape[1])[0])


class Gcn(nn.Module):
    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(s["features"], s["hidden"]), nn.Linear(s["hidden"], s["classes"])

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        def propagate(h: Tensor) -> Tensor:
            return torch.zeros_like(h).index_add(0, batch["recv"], h[batch["send"]] * batch["w"][:, None])

        return propagate(self.second(F.relu(propagate(self.first(batch["x"])))))


KINDS: dict[str, Any] = {"mnist": Cnn, "cifar_resnet": ResNet, "resnet50": ResNet, "lm_small": Lm, "lm_deep": Lm}
KINDS |= {"seq2seq_lstm": Seq2Seq, "tagger": Tagger, "gnn": Gcn, "gcn_large": Gcn}


def objective(name: str, logits: Tensor, batch: dict[str, Tensor]) -> Tensor:
    if name.startswith("lm"):
        return F.cross_entropy(logits.flatten(0, 1), batch["x"][:, 1:].flatten())
    if name not in ("seq2seq_lstm", "tagger"):
        return F.cross_entropy(logits, batch["y"])
    labels, lengths = (batch["dec"][:, 1:], batch["dec_len"]) if name == "seq2seq_lstm" else (batch["y"], batch["len"])
    mask = torch.arange(labels.shape[1])[None] < lengths[:, None]
    return (F.cross_entropy(logits.transpose(1, 2), labels, reduction="none") * mask).sum() / mask.sum()


def optimizer(rule: Rule, parameters: Any) -> torch.optim.Optimizer:
    if rule.kind == "sgd":
        return torch.optim.SGD(parameters, rule.rate, momentum=rule.momentum, nesterov=rule.nesterov, weight_decay=rule.penalty)
    return torch.optim.AdamW(parameters, rule.rate, weight_decay=rule.decay) if rule.decay else torch.optim.Adam(parameters, rule.rate)


def as_tensors(batch: Batch) -> dict[str, Tensor]:
    """Images with channels in front, whole numbers as indices."""
    tensors = {name: torch.from_numpy(x) for name, x in batch.items()}
    tensors = {name: x.permute(0, 3, 1, 2).contiguous() if x.ndim == 4 else x for name, x in tensors.items()}
    return {name: x.long() if x.dtype == torch.int32 else x for name, x in tensors.items()}


class TorchRunning:
    """A model with its optimizer."""

    def __init__(self, workload: Workload, batch: Batch) -> None:
        torch.manual_seed(0)
        self.workload, self.model, self.batch = workload, KINDS[workload.name](workload.sizes), as_tensors(batch)
        self.optimizer = optimizer(workload.rule, self.model.parameters())
        self.clock = time.perf_counter
        self.parameters = sum(p.numel() for p in self.model.parameters())

    def _step(self, batch: dict[str, Tensor]) -> Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        loss = objective(self.workload.name, self.model(batch), batch)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def step(self) -> float:
        return float(self._step(self.batch))

    def steps(self, count: int) -> float:
        began = self.clock()
        for _ in range(count):
            self._step(self.batch)
        return self.clock() - began

    def loop(self, examples: Batch, count: int) -> float:
        began, losses = self.clock(), list[Tensor]()
        for batch in feed(self.workload, examples, count):
            losses.append(self._step(as_tensors(batch)))
            if len(losses) == SHOWN_EVERY:
                float(torch.stack(losses).mean())
                losses.clear()
        return self.clock() - began


def make(workload: Workload, batch: Batch) -> TorchRunning:
    return TorchRunning(workload, batch)
