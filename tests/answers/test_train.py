"""What a person from another library writes into `train`, `serve` and `expect`: each is one problem, whose edits make the file right.

A row is what stands there, what is written in its place, and the lines that the edits make of it ("": those that stand there).
"""

from __future__ import annotations

import pytest

import netspec
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.source import Source
from netspec.testing.checks import hold

MODEL = """netspec 1

model Digits {
  input image: f32[B, 8, 8, 1]
  output logits = image -> conv(16, 3) -> relu -> flatten -> dense(10)
}
"""
TRAIN = f"""{MODEL}
train Digits {{
  data = digits() -> shuffle -> batch(32)
  loss = softmax_cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  optimizer = adam(1e-3)
  duration = 2 epochs
}}
"""
SERVE = """netspec 1

model LM {
  dim T <= 128
  input tokens: i32[B, T]
  x = tokens -> embed(500, 64) -> sinusoidal_positions
  repeat 2 { x = x + (x -> layer_norm -> self_attention(4, causal=true)) }
  output logits = x -> layer_norm -> dense(500)
}

serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }
"""
EXPECT = f"""{MODEL}
expect Digits {{
  params == 10_410
  logits: f32[B, 10]
  flops <= 1M at B=1
}}
"""

Row = tuple[str, str, str]

DATA: tuple[Row, ...] = (
    ("data = digits() -> shuffle -> batch(32)", "data = digits() -> shuffle\nbatch_size = 64", "data = digits() -> shuffle -> batch(64)"),
    ("data = digits() -> shuffle -> batch(32)", "data = digits", "data = digits -> batch(32)"),
    ("data = digits() -> shuffle -> batch(32)", "data = digits()", "data = digits() -> batch(32)"),
    ("data = digits() -> shuffle -> batch(32)", 'data = "digits"', ""),
    ("data = digits() -> shuffle -> batch(32)", "data = digits(batch=32)", "data = digits() -> batch(32)"),
    ("data = digits() -> shuffle -> batch(32)", "data = digits(batch_size=32, shuffle=true)", ""),
    ("data = digits() -> shuffle -> batch(32)", "data = digits(shuffle=true) -> batch(32)", ""),
    ("data = digits() -> shuffle -> batch(32)", "data = digits() -> shuffle -> batch", "data = digits() -> shuffle -> batch(128)"),
    ("data = digits() -> shuffle -> batch(32)", "data = digits() -> shuffle -> batch(32) -> prefetch(2)", ""),
    ("data = digits() -> shuffle -> batch(32)", "data = digits() -> shuffle -> repeat -> batch(32)", ""),
    ("data = digits() -> shuffle -> batch(32)", "data = DataLoader(digits(), batch_size=32, shuffle=true)", ""),
    ("data = digits() -> shuffle -> batch(32)", "train_data = digits() -> shuffle -> batch(32)", ""),
    ("data = digits() -> shuffle -> batch(32)", "dataset = digits() -> shuffle -> batch(32)", ""),
    ("data = digits() -> shuffle -> batch(32)", 'dataset = "digits"', ""),
    ("data = digits() -> shuffle -> batch(32)", "data = Digits() -> shuffle -> batch(32)", ""),
    ("data = digits() -> shuffle -> batch(32)", "data = load_digits() -> shuffle -> batch(32)", ""),
    (
        "data = digits() -> shuffle -> batch(32)",
        "data = digits(train=true) -> shuffle -> batch(32)",
        'data = digits(part="train") -> shuffle -> batch(32)',
    ),
    (
        "data = digits() -> shuffle -> batch(32)",
        'data = digits(split="train") -> shuffle -> batch(32)',
        'data = digits(part="train") -> shuffle -> batch(32)',
    ),
    ("data = digits() -> shuffle -> batch(32)", "batch_size = 32\ndata = digits() -> shuffle -> batch(batch_size)", ""),
)
LOSSES: tuple[Row, ...] = (
    ("loss = softmax_cross_entropy(logits, label)", 'loss = "cross_entropy"', ""),
    ("loss = softmax_cross_entropy(logits, label)", 'loss = "softmax_cross_entropy"', ""),
    ("loss = softmax_cross_entropy(logits, label)", 'loss = "sparse_categorical_crossentropy"', ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = cross_entropy", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = softmax_cross_entropy", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = softmax_cross_entropy()", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = CrossEntropyLoss()", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = softmax_cross_entropy(logits)", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = cross_entropy(logits, label)", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = [softmax_cross_entropy(logits, label)]", ""),
    (
        "loss = softmax_cross_entropy(logits, label)",
        'loss = [softmax_cross_entropy(logits, label), l2(params("**/kernel"))]',
        'loss = softmax_cross_entropy(logits, label) + l2(params("**/kernel"))',
    ),
    (
        "loss = softmax_cross_entropy(logits, label)",
        'loss = (softmax_cross_entropy(logits, label), l2(params("**/kernel")))',
        'loss = softmax_cross_entropy(logits, label) + l2(params("**/kernel"))',
    ),
    (
        "loss = softmax_cross_entropy(logits, label)",
        'loss = {main: 1.0 * softmax_cross_entropy(logits, label), reg: 0.1 * l2(params("**/kernel"))}',
        'loss = 1.0 * softmax_cross_entropy(logits, label) + 0.1 * l2(params("**/kernel"))',
    ),
    ("loss = softmax_cross_entropy(logits, label)", "criterion = softmax_cross_entropy(logits, label)", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss_fn = softmax_cross_entropy(logits, label)", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = softmax_cross_entropy(logits, target)", ""),
    (
        "loss = softmax_cross_entropy(logits, label)\n  metric accuracy = accuracy(logits, label)",
        "loss = softmax_cross_entropy(logits, labels)\nmetric accuracy = accuracy(logits, labels)",
        "",
    ),
    ("loss = softmax_cross_entropy(logits, label)", "loss = softmax_cross_entropy(logit, label)", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = softmax_cross_entropy(output, label)", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = softmax_cross_entropy(outputs.logits, label)", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = softmax_cross_entropy(Digits.logits, label)", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = softmax_cross_entropy(logits, batch.y)", ""),
    ("loss = softmax_cross_entropy(logits, label)", 'loss = softmax_cross_entropy(logits, batch["label"])', ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = softmax_cross_entropy(Digits(image), label)", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = sigmoid_cross_entropy(logits, label)", ""),
    ("loss = softmax_cross_entropy(logits, label)", "loss = softmax_cross_entropy(label, logits)", ""),
    (
        "loss = softmax_cross_entropy(logits, label)",
        "loss = softmax_cross_entropy(logits, one_hot(label, 9))",
        "loss = softmax_cross_entropy(logits, one_hot(label, 10))",
    ),
    (
        "loss = softmax_cross_entropy(logits, label)",
        "xent = softmax_cross_entropy(logits, label)\nloss = xent",
        "let xent = softmax_cross_entropy(logits, label)\nloss = xent",
    ),
)
METRICS: tuple[Row, ...] = (
    ("metric accuracy = accuracy(logits, label)", "metrics = [accuracy]", ""),
    ("metric accuracy = accuracy(logits, label)", 'metrics = "accuracy"', ""),
    (
        "metric accuracy = accuracy(logits, label)",
        'metrics = ["accuracy", "top_k_accuracy"]',
        "metric top_k_accuracy = top_k_accuracy(logits, label)",
    ),
    ("metric accuracy = accuracy(logits, label)", 'metrics = ["acc"]', "metric acc = accuracy(logits, label)"),
    (
        "metric accuracy = accuracy(logits, label)",
        "metrics = {accuracy: accuracy(logits, label), loss2: softmax_cross_entropy(logits, label)}",
        "metric loss2 = softmax_cross_entropy(logits, label)",
    ),
    ("metric accuracy = accuracy(logits, label)", "metrics = [accuracy(logits, label)]", ""),
    ("metric accuracy = accuracy(logits, label)", "metrics = accuracy(logits, label)", ""),
    ("metric accuracy = accuracy(logits, label)", "metric = accuracy(logits, label)", ""),
    ("metric accuracy = accuracy(logits, label)", "metrics { accuracy = accuracy(logits, label) }", ""),
    (
        "metric accuracy = accuracy(logits, label)",
        "metrics {\n  accuracy = accuracy(logits, label)\n  top = top_k_accuracy(logits, label, k=3)\n}",
        "metric top = top_k_accuracy(logits, label, k=3)",
    ),
    ("metric accuracy = accuracy(logits, label)", 'metrics = {acc: "accuracy"}', "metric acc = accuracy(logits, label)"),
    ("metric accuracy = accuracy(logits, label)", "accuracy = accuracy(logits, label)", ""),
    ("metric accuracy = accuracy(logits, label)", "metric accuracy(logits, label)", ""),
    ("metric accuracy = accuracy(logits, label)", "metric accuracy = accuracy", ""),
    ("metric accuracy = accuracy(logits, label)", 'metric accuracy = "accuracy"', ""),
    ("metric accuracy = accuracy(logits, label)", "metric accuracy = binary_accuracy(logits, label)", ""),
    ("metric accuracy = accuracy(logits, label)", "metric accuracy = accuracy(argmax(logits), label)", ""),
    ("metric accuracy = accuracy(logits, label)", "metric accuracy = Accuracy()", ""),
    (
        "metric accuracy = accuracy(logits, label)",
        "metrics = [Accuracy(), TopKAccuracy(k=5)]",
        "metric Accuracy = accuracy(logits, label)\nmetric TopKAccuracy = top_k_accuracy(logits, label, k=5)",
    ),
    (
        "metric accuracy = accuracy(logits, label)",
        "metric loss = softmax_cross_entropy(logits, label)",
        "metric softmax_cross_entropy = softmax_cross_entropy(logits, label)",
    ),
)
OPTIMIZERS: tuple[Row, ...] = (
    ("optimizer = adam(1e-3)", "optimizer = adam\nlr = 1e-3", ""),
    ("optimizer = adam(1e-3)", "optimizer = adam()\nlearning_rate = 1e-3", ""),
    ("optimizer = adam(1e-3)", 'optimizer = "adam"\nlr = 3e-4', "optimizer = adam(3e-4)"),
    ("optimizer = adam(1e-3)", "optimizer = sgd(0.1)\nmomentum = 0.9", "optimizer = sgd(0.1, momentum=0.9)"),
    ("optimizer = adam(1e-3)", "optimizer = adamw(1e-3)\nweight_decay = 0.1", "optimizer = adamw(1e-3, weight_decay=0.1)"),
    ("optimizer = adam(1e-3)", 'optimizer = "adam"', "optimizer = adam(0.001)"),
    ("optimizer = adam(1e-3)", "optimizer = adam", "optimizer = adam(0.001)"),
    ("optimizer = adam(1e-3)", "optimizer = adam()", "optimizer = adam(0.001)"),
    ("optimizer = adam(1e-3)", "optimizer = sgd", "optimizer = sgd(0.1)"),
    ("optimizer = adam(1e-3)", "optim = adam(1e-3)", ""),
    ("optimizer = adam(1e-3)", 'optimizer = {name: "adam", lr: 1e-3}', ""),
    ("optimizer = adam(1e-3)", "optimizer = 1e-3", ""),
    ("optimizer = adam(1e-3)", "optimizer = clip_by_global_norm(1.0) + adam(1e-3)", "optimizer = clip_by_global_norm(1.0) -> adam(1e-3)"),
    ("optimizer = adam(1e-3)", "optimizer = [clip_by_global_norm(1.0), adam(1e-3)]", "optimizer = clip_by_global_norm(1.0) -> adam(1e-3)"),
    ("optimizer = adam(1e-3)", "optimizer = adam(1e-3) -> clip_by_value(1.0)", "optimizer = clip_by_value(1.0) -> adam(1e-3)"),
    ("optimizer = adam(1e-3)", "optimizer = clip_by_global_norm(1.0)", "optimizer = clip_by_global_norm(1.0) -> adam(0.001)"),
    ("optimizer = adam(1e-3)", "optimizer = cosine(1e-3)", "optimizer = adam(cosine(1e-3))"),
    ("optimizer = adam(1e-3)", 'optimizer {\n  name = "adam"\n  lr = 1e-3\n}', ""),
    ("optimizer = adam(1e-3)", "optimizer = adam(learning_rate)\nlearning_rate = cosine(1e-3)", "optimizer = adam(cosine(1e-3))"),
    ("optimizer = adam(1e-3)", "lr = 1e-3\noptimizer = adam(lr)", ""),
    ("optimizer = adam(1e-3)", "optimizer = Adam(model.parameters(), lr=1e-3)", ""),
    (
        "optimizer = adam(1e-3)",
        "optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)",
        "optimizer = adamw(1e-3, weight_decay=1e-4)",
    ),
    (
        "optimizer = adam(1e-3)",
        "optimizer = chain(clip_by_global_norm(1.0), adam(1e-3))",
        "optimizer = clip_by_global_norm(1.0) -> adam(1e-3)",
    ),
    ("optimizer = adam(1e-3)", 'optimizer = freeze("conv/**") -> adam(1e-3)', 'optimizer = adam(1e-3) -> freeze("conv/**")'),
    (
        "optimizer = adam(1e-3)",
        'optimizer = adam\nlr = 1e-3\nclip_norm = 1.0\nwarmup_steps = 20\nscheduler = "cosine"',
        "optimizer = clip_by_global_norm(1.0) -> adam(warmup_cosine(1e-3, warmup=20 steps))",
    ),
    ("optimizer = adam(1e-3)", 'optimizer = {type: "adam", learning_rate: 0.001}', "optimizer = adam(0.001)"),
)
DURATIONS: tuple[Row, ...] = (
    ("duration = 2 epochs", "epochs = 5", "duration = 5 epochs"),
    ("duration = 2 epochs", "num_epochs = 5", "duration = 5 epochs"),
    ("duration = 2 epochs", "steps = 500", "duration = 500 steps"),
    ("duration = 2 epochs", "max_steps = 500", "duration = 500 steps"),
    ("duration = 2 epochs", "duration = 5", "duration = 5 epochs"),
    ("duration = 2 epochs", 'duration = "5 epochs"', "duration = 5 epochs"),
    ("duration = 2 epochs", "duration = 5.0", "duration = 5 epochs"),
    ("duration = 2 epochs", "duration = epochs(5)", "duration = 5 epochs"),
    ("duration = 2 epochs", "duration = -5 epochs", "duration = 5 epochs"),
)
MODELS: tuple[Row, ...] = (
    ("train Digits {", "train Digit {", ""),
    ("train Digits {", "train Model {", ""),
    ("train Digits {", "train digits {", ""),
    (
        "output logits = image -> conv(16, 3) -> relu -> flatten -> dense(10)",
        "output logits = image -> conv(16, 3) -> relu -> flatten -> dense(9)",
        "",
    ),
    (
        "output logits = image -> conv(16, 3) -> relu -> flatten -> dense(10)",
        "output logits = image -> conv(16, 3) -> relu -> flatten -> dense(11)",
        "",
    ),
    (
        "output logits = image -> conv(16, 3) -> relu -> flatten -> dense(10)",
        "output logits = image -> conv(16, 3) -> relu -> flatten -> dense(1)",
        "",
    ),
)
BESIDE: tuple[Row, ...] = (
    ("duration = 2 epochs", "epochs = 5", "duration = 5 epochs"),
    ("data = digits() -> shuffle -> batch(32)", "batch_size = 64", "data = digits() -> shuffle -> batch(64)"),
    ("optimizer = adam(1e-3)", "learning_rate = 3e-4", "optimizer = adam(3e-4)"),
    ("optimizer = adam(1e-3)", "weight_decay = 0.1", "optimizer = adamw(1e-3, weight_decay=0.1)"),
    ("optimizer = adam(1e-3)", "scheduler = cosine(1e-3)", "optimizer = adam(cosine(1e-3))"),
    ("optimizer = adam(1e-3)", 'scheduler = "cosine"', "optimizer = adam(cosine(1e-3))"),
    ("duration = 2 epochs", "random_seed = 3", "seed = 3"),
    ("duration = 2 epochs", "seed = 3.0", "seed = 3"),
    ("duration = 2 epochs", 'device = "cuda"', ""),
    ("duration = 2 epochs", "gpus = 1", ""),
    ("duration = 2 epochs", "fp16 = true", "precision = mixed(bf16)"),
    ("duration = 2 epochs", "bf16 = true", "precision = mixed(bf16)"),
    ("duration = 2 epochs", "amp = true", "precision = mixed(bf16)"),
    ("duration = 2 epochs", "mixed_precision = true", "precision = mixed(bf16)"),
    ("duration = 2 epochs", 'mixed_precision = "bf16"', "precision = mixed(bf16)"),
    ("duration = 2 epochs", "precision = bf16", "precision = mixed(bf16)"),
    ("duration = 2 epochs", 'precision = "bf16"', "precision = mixed(bf16)"),
    ("duration = 2 epochs", "precision = 16", "precision = mixed(bf16)"),
    ("duration = 2 epochs", "precision = fp16", "precision = mixed(bf16)"),
    ("duration = 2 epochs", "precision = mixed", "precision = mixed(bf16)"),
    ("duration = 2 epochs", 'precision = "16-mixed"', "precision = mixed(bf16)"),
    ("duration = 2 epochs", "precision = float32", "precision = f32"),
    ("duration = 2 epochs", "gradient_clip = 1.0", "optimizer = clip_by_global_norm(1.0) -> adam(1e-3)"),
    ("duration = 2 epochs", "clip_norm = 1.0", "optimizer = clip_by_global_norm(1.0) -> adam(1e-3)"),
    ("duration = 2 epochs", "max_grad_norm = 1.0", "optimizer = clip_by_global_norm(1.0) -> adam(1e-3)"),
    ("duration = 2 epochs", "gradient_clip_val = 1.0", "optimizer = clip_by_global_norm(1.0) -> adam(1e-3)"),
    ("duration = 2 epochs", "gradient_accumulation_steps = 4", "accumulate = 4"),
    ("data = digits() -> shuffle -> batch(32)", "validation_data = digits() -> batch(32)", "eval { data = digits() -> batch(32) }"),
    ("data = digits() -> shuffle -> batch(32)", "shuffle = true", ""),
    ("duration = 2 epochs", "eval = digits() -> batch(32)", "eval { data = digits() -> batch(32) }"),
    ("duration = 2 epochs", "eval = true", ""),
    ("duration = 2 epochs", "eval = 1 epoch", "eval { every = 1 epoch }"),
    ("duration = 2 epochs", "eval_every = 1 epoch", "eval { every = 1 epoch }"),
    ("duration = 2 epochs", "checkpoint = true", "checkpoint { every = 1 epoch }"),
    ("duration = 2 epochs", "checkpoint = 100 steps", "checkpoint { every = 100 steps }"),
    ("duration = 2 epochs", 'checkpoint = "ckpt"', ""),
    ("duration = 2 epochs", "checkpoint = {every: 100 steps, keep: 2}", "checkpoint { every = 100 steps; keep = 2 }"),
    ("duration = 2 epochs", "checkpoint = false", ""),
    ("duration = 2 epochs", "save_every = 100 steps", "checkpoint { every = 100 steps }"),
    ("duration = 2 epochs", "checkpoint_every = 100", "checkpoint { every = 100 steps }"),
    ("duration = 2 epochs", "checkpoint { every = 100 }", "checkpoint { every = 100 epochs }"),
    ("duration = 2 epochs", "checkpoint { frequency = 100 steps }", "checkpoint { every = 100 steps }"),
    ("duration = 2 epochs", "checkpoint { max_to_keep = 2 }", "checkpoint { keep = 2 }"),
    ("duration = 2 epochs", "eval { every = 1 }", "eval { every = 1 epoch }"),
    ("duration = 2 epochs", "ema = true", "ema = 0.999"),
    ("duration = 2 epochs", "ema_decay = 0.999", "ema = 0.999"),
    ("duration = 2 epochs", "ema = 999", "ema = 0.999"),
    ("duration = 2 epochs", "accumulate = 4.0", "accumulate = 4"),
    ("duration = 2 epochs", "duration = 2 epochs", ""),
    ("duration = 2 epochs", "log_every = 10", ""),
    ("duration = 2 epochs", "verbose = 1", ""),
    ("duration = 2 epochs", "num_workers = 4", "workers = 4"),
    ("duration = 2 epochs", "validation_split = 0.1", "data = digits(validation=0.1) -> shuffle -> batch(32)"),
    ("duration = 2 epochs", 'output_dir = "runs"', ""),
    ("duration = 2 epochs", "label_smoothing = 0.1", "loss = softmax_cross_entropy(logits, label, label_smoothing=0.1)"),
    ("duration = 2 epochs", 'name = "exp"', "train Digits as exp {"),
    ("duration = 2 epochs", "model = Digits", ""),
    ("optimizer = adam(1e-3)", "scheduler = CosineAnnealingLR(T_max=10)", "optimizer = adam(cosine(1e-3))"),
    ("loss = softmax_cross_entropy(logits, label)", "loss_weights = [1.0]", ""),
    ("metric accuracy = accuracy(logits, label)", "metric accuracy = accuracy(logits, label)", ""),
    ("duration = 2 epochs", 'eval { metrics = ["accuracy"] }', "eval { metric accuracy = accuracy(logits, label) }"),
    ("duration = 2 epochs", 'eval { data = digits("test") }', 'eval { data = digits("test") -> batch(32) }'),
    ("duration = 2 epochs", "eval { frequency = 1 epoch }", "eval { every = 1 epoch }"),
    ("duration = 2 epochs", "eval { steps = 10 }", "eval { limit = 10 }"),
    ("duration = 2 epochs", "eval { data = digits(train=false) -> batch(32) }", 'eval { data = digits(part="test") -> batch(32) }'),
    ("duration = 2 epochs", 'eval { data = digits(split="test") -> batch(32) }', 'eval { data = digits(part="test") -> batch(32) }'),
    ("duration = 2 epochs", 'validation { data = digits("test") -> batch(32) }', 'eval { data = digits("test") -> batch(32) }'),
    ("duration = 2 epochs", "evaluate { every = 1 epoch }", "eval { every = 1 epoch }"),
    ("duration = 2 epochs", "checkpoints { every = 1 epoch }", "checkpoint { every = 1 epoch }"),
    ("duration = 2 epochs", "checkpoint { every = 1 epoch; save_best = true }", "checkpoint { every = 1 epoch }"),
    ("duration = 2 epochs", "seed = none", "seed = 0"),
    ("duration = 2 epochs", "seed = -1", "seed = 0"),
    ("duration = 2 epochs", 'seed = "42"', "seed = 42"),
    (
        "duration = 2 epochs",
        "class_weights = [1,1,1,1,1,1,1,1,1,1]",
        "loss = softmax_cross_entropy(logits, label, class_weights=[1,1,1,1,1,1,1,1,1,1])",
    ),
    ("duration = 2 epochs", "sample_weight = label", "weights = label"),
    ("data = digits() -> shuffle -> batch(32)", 'data_dir = "data"', ""),
)
"""Lines that stand behind another one, which is right."""
SERVED: tuple[Row, ...] = (
    (
        "repeat 2 { x = x + (x -> layer_norm -> self_attention(4, causal=true)) }",
        "repeat 2 { x = x + (x -> layer_norm -> self_attention(4)) }",
        "",
    ),
    (
        "repeat 2 { x = x + (x -> layer_norm -> self_attention(4, causal=true)) }",
        "x = x -> conv(64, 3) -> relu",
        'x = x -> conv(64, 3, padding="CAUSAL") -> relu',
    ),
    (
        "repeat 2 { x = x + (x -> layer_norm -> self_attention(4, causal=true)) }",
        "x = x -> bidirectional(lstm_cell(32))",
        "x = x -> rnn(lstm_cell(32))",
    ),
    (
        "repeat 2 { x = x + (x -> layer_norm -> self_attention(4, causal=true)) }",
        "x = x -> rnn(lstm_cell(64), reverse=true)",
        "x = x -> rnn(lstm_cell(64), reverse=false)",
    ),
    (
        "repeat 2 { x = x + (x -> layer_norm -> self_attention(4, causal=true)) }",
        "repeat 2 { x = x + (x -> layer_norm -> self_attention(4, causal=false)) }",
        "",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve LM { token = greedy(logits, start=1, stop=2, limit=32) }",
        "",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve LM { text = greedy(logits, start=1, stop=2, limit=32) }",
        "",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve LM { logits = greedy(logits, start=1, stop=2, limit=32) }",
        "",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve LM { tokens = greedy(logit, start=1, stop=2, limit=32) }",
        "",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve LM { tokens = greedy(output, start=1, stop=2, limit=32) }",
        "",
    ),
    ("serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }", "serve LM { tokens = greedy(x, start=1, stop=2, limit=32) }", ""),
    ("serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }", "serve LM { tokens = greedy(start=1, stop=2, limit=32) }", ""),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve LM { tokens = greedy }",
        "serve LM { tokens = greedy(logits, limit=50) }",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        'serve LM { tokens = "greedy" }',
        "serve LM { tokens = greedy(logits, limit=50) }",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve LM { tokens = greedy(logits, start=1, stop=2) }",
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=128) }",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=500) }",
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=128) }",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve LM { tokens = greedy(logits, start=1, stop=500, limit=32) }",
        "serve LM { tokens = greedy(logits, start=1, stop=499, limit=32) }",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve LM { tokens = greedy(logits, start=1000, stop=2, limit=32) }",
        "serve LM { tokens = greedy(logits, start=499, stop=2, limit=32) }",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve LM { tokens = argmax(logits) }",
        "serve LM { tokens = greedy(logits, limit=50) }",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve Lm { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "",
    ),
    (
        "serve LM { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "serve GPT { tokens = greedy(logits, start=1, stop=2, limit=32) }",
        "",
    ),
    ("output logits = x -> layer_norm -> dense(500)", "output logits = x -> layer_norm -> dense(600)", ""),
)
CLAIMED: tuple[Row, ...] = (
    ("params == 10_410", "params == 12_345", ""),
    ("params == 10_410", "params = 10_410", ""),
    ("params == 10_410", "param == 10_410", ""),
    ("params == 10_410", "parameters == 10_410", ""),
    ("params == 10_410", "num_params == 10_410", ""),
    ("logits: f32[B, 10]", "logits: f32[B, 12]", ""),
    ("logits: f32[B, 10]", "logits: f32[B, 1, 10]", ""),
    ("logits: f32[B, 10]", "logits: i32[B, 10]", ""),
    ("logits: f32[B, 10]", "logits: f32[10]", ""),
    ("logits: f32[B, 10]", "logits: f32[32, 10]", ""),
    ("logits: f32[B, 10]", "logit: f32[B, 10]", ""),
    ("logits: f32[B, 10]", "output: f32[B, 10]", ""),
    ("logits: f32[B, 10]", "y: f32[B, 10]", ""),
    ("logits: f32[B, 10]", "logits == f32[B, 10]", ""),
    ("logits: f32[B, 10]", "logits.shape == [B, 10]", ""),
    ("flops <= 1M at B=1", "flops <= 1M", ""),
    ("flops <= 1M at B=1", "flops == 1M at B=1", "flops == 40_970 at B=1"),
    ("flops <= 1M at B=1", "flops <= 1M at N=1", ""),
    ("flops <= 1M at B=1", "flops <= 1M at batch=1", ""),
    ("flops <= 1M at B=1", 'flops <= "1M" at B=1', ""),
    ("flops <= 1M at B=1", "macs <= 1M at B=1", ""),
    ("flops <= 1M at B=1", "memory <= 1MiB at B=1", "activation_bytes <= 1MiB at B=1"),
    ("expect Digits {", "expect Digit {", ""),
    ("params == 10_410", "params == 10.4k", ""),
)


def write(base: str, old: str, new: str) -> str:
    """The spec with other lines in the place of some."""
    assert f"{old}\n" in base, old
    return base.replace(f"{old}\n", f"{new}\n")


def its_edits_make_it_right(case: tuple[str, Row]) -> None:
    base, (old, wrong, right) = case
    spec = write(base, old, wrong)
    checked = netspec.check(Source("spec.net", spec))
    assert len(checked.problems) == 1, [p.message() for p in checked.problems]
    text = apply_edits(checked.source, edits_of(checked.problems[0]))
    assert text != spec and checked.problems[0].help()
    assert netspec.check(Source("spec.net", text)).problems == ()
    assert [line for line in strip(text) if line not in strip(base)] == strip(right)


def strip(text: str) -> list[str]:
    """Its lines, without the spaces around each."""
    return [line.strip() for line in text.splitlines()]


@pytest.mark.parametrize(
    "rows", [DATA, LOSSES, METRICS, OPTIMIZERS, DURATIONS, MODELS], ids=["data", "losses", "metrics", "optimizers", "durations", "models"]
)
def test_what_stands_in_train_for_something_else(rows: tuple[Row, ...]) -> None:
    hold([its_edits_make_it_right], *((TRAIN, row) for row in rows))


def test_lines_that_belong_elsewhere() -> None:
    hold([its_edits_make_it_right], *((TRAIN, (old, f"{old}\n  {wrong}", right)) for old, wrong, right in BESIDE))


def test_what_stands_in_serve_and_expect() -> None:
    hold([its_edits_make_it_right], *((SERVE, row) for row in SERVED), *((EXPECT, row) for row in CLAIMED))


SETS = {
    "train.optimizer.lr=3e-4": "--set train.optimizer.learning_rate=3e-4",
    "train.duration=5": '--set train.duration="5 epochs"',
    "duration=5": '--set train.duration="5 epochs"',
    "epochs=5": '--set train.duration="5 epochs"',
    "train.max_steps=500": '--set train.duration="500 steps"',
    "train.duration=5epochs": '--set train.duration="5 epochs"',
    "lr=3e-4": "--set train.optimizer.learning_rate=3e-4",
    "train.learning_rate=1": "--set train.optimizer.learning_rate=1",
    "batch_size=64": "--set train.data.batch.size=64",
    "train.data.batch=64": "--set train.data.batch.size=64",
    "optimizer=adam(1e-3)": '--set train.optimizer="adam(1e-3)"',
    "train.optim.lr=1": "--set train.optimizer.learning_rate=1",
    "train.optimizer.adam.lr=3e-4": "--set train.optimizer.learning_rate=3e-4",
    "train.optimizer.weight_decay=0.1": '--set train.optimizer="adamw(1e-3, weight_decay=0.1)"',
    "train.optimizer.beta1=0.5": "--set train.optimizer.b1=0.5",
    "train.gradient_clip=1.0": '--set train.optimizer="clip_by_global_norm(1.0) -> adam(1e-3)"',
    "Digits.hiden=3": "--set Digits.hidden=3",
    "model.hidden=64": "--set hidden=64",
    "train.hidden=64": "--set hidden=64",
    "train.precision=bf16": '--set train.precision="mixed(bf16)"',
    "train.fp16=true": '--set train.precision="mixed(bf16)"',
    "train.checkpoint=true": '--set train.checkpoint.every="1 epoch"',
    "train.eval_every=5": '--set train.eval.every="5 epochs"',
    "seed=3": "--set train.seed=3",
}
"""Parts of a command line that set nothing, or what no setting takes, and what is to be typed for each."""


def its_help_is_what_to_type(given: str) -> None:
    path, value = given.split("=", 1)
    spec = TRAIN.replace("  input image", "  param hidden: int = 16\n  input image").replace("conv(16, 3)", "conv(hidden, 3)")
    [problem] = netspec.check(Source("spec.net", spec), overrides={path: value}).problems
    assert problem.help() == f"write `{SETS[given]}`"
    said = SETS[given].removeprefix("--set ").replace('"', "")
    again = dict([said.split("=", 1)])
    assert netspec.check(Source("spec.net", spec), overrides=again).problems == ()


def test_what_set_does_not_reach_is_said_as_it_is_to_be_typed() -> None:
    hold([its_help_is_what_to_type], *SETS)


def test_settings_see_the_numbers_that_let_names() -> None:
    assert netspec.check(Source("spec.net", write(TRAIN, "optimizer = adam(1e-3)", "let rate = 1e-3\n  optimizer = adam(cosine(rate))"))).ok


def test_what_a_batch_measures_is_no_number_of_a_setting() -> None:
    late = "let xent = softmax_cross_entropy(logits, label)\n  optimizer = adam(xent)"
    [problem] = netspec.check(Source("spec.net", write(TRAIN, "optimizer = adam(1e-3)", late))).problems
    assert problem.slug() == "not-static"
