"""Decoding with the derived cache against the whole model at every element: `python -m tests.benchmarks.decode_time [--pairs N]`.

A small language model answers greedily, so many elements for each of a few sequences, in one process, in turns.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.compile import program
from netspec.lower.decoding_cache import Cached
from netspec.lower.generation import Beginning, Rerun
from netspec.lower.stretch_plan import Part, derive_part
from netspec.source import Source
from tests.benchmarks.interleave import interleave

MODEL = """netspec 1
block Layer {
  input x: f32[B, T, D]
  x = x + (x -> layer_norm -> self_attention(8, causal=true))
  output x + (x -> layer_norm -> dense(4 * D) -> gelu -> dense(D))
}
model M {
  dim T <= 1024
  input tokens: i32[B, T]
  x = tokens -> embed(1000, 128) -> learned_positions(1024)
  repeat 4 { x = x -> Layer }
  output logits = x -> layer_norm -> dense(1000)
}
"""


def sides(limit: int, sequences: int) -> tuple[Callable[[], None], Callable[[], None]]:
    """The two ways to make the same answers, compiled."""
    made = program(Source("decode.net", f"{MODEL}\nserve M {{ tokens = greedy(logits, start=1, limit={limit}) }}\n"), None, {})
    plan, state = made.serves[0], made.init(0)
    part, begin = derive_part(plan), Beginning(np.ones((sequences, 1), np.int32), np.ones((sequences,), np.int32))
    assert isinstance(part, Part), part
    leaves = made._leaves(state)

    def action(steps: Callable[..., Any]) -> Callable[[], None]:
        answer = jax.jit(lambda params, buffers: plan.decoder.decode(steps(params, buffers)).tokens)
        return lambda: jax.block_until_ready(answer(*leaves))

    def given(params: Any, buffers: Any) -> Any:
        return plan, made._forward, params, buffers, {}, begin, None, jnp.uint32(0)

    return action(lambda *leaves: Cached(*given(*leaves), part=part)), action(lambda *leaves: Rerun(*given(*leaves)))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.decode_time", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--limit", type=int, default=256, help="elements of each answer")
    parser.add_argument("--sequences", type=int, default=4)
    args = parser.parse_args()
    pairs = interleave(*sides(args.limit, args.sequences), args.pairs)
    print(pairs.line(f"cached, {args.limit} elements", "the whole model each time"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
