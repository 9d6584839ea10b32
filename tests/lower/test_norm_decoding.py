"""A model with normalised kernels writes what it says step by step."""

from __future__ import annotations

from tests.lower import generating

SPEC = """
block Layer {
  input x: f32[B, T, D]
  x = x + (x -> rms_norm -> weight_norm(dense(2 * D)) -> gelu -> spectral_norm(dense(D)))
  output x + (x -> layer_norm -> weight_norm(self_attention(2, causal=true)))
}
model M {
  dim T <= 12
  input tokens: i32[B, T]
  x = tokens -> embed(11, 8)
  repeat 2 { x = x -> Layer }
  output logits = x -> layer_norm -> weight_norm(dense(11, bias=false))
}
"""


def test_decoding_is_the_model_step_by_step() -> None:
    made = generating.program(SPEC, "greedy(logits, start=1, stop=2, limit=8)")
    variables = generating.state(made, seed=7)
    wanted = generating.step_by_step(made, variables, [1], 8, 2, placed=False)
    found = made.decode(variables, examples=1)["tokens"][0].tolist()
    assert found == wanted and len(set(found)) > 2
