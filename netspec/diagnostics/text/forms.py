"""Lists how the lines of each keyword are written, which problems show to those who wrote them otherwise. Floor 0."""

from __future__ import annotations

from collections.abc import Mapping

FORMS: Mapping[str, str] = {
    "aux": "aux penalty = …",
    "buffer": "buffer mean: f32[D] = zeros",
    "dim": "dim T <= 1024",
    "for": "for i in range(3) { … }",
    "input": "input x: f32[B, D]",
    "let": "let kl = …",
    "metric": "metric accuracy = accuracy(logits, label)",
    "output": "output logits = …",
    "param": "param size: int = 3",
    "shared": "shared e = dense(8)",
    "state": "state h: f32[B, D] = zeros",
    "update": "update NAME { … }",
    "weight": "weight w: f32[D, 8] = normal(0.02)",
    "when": "when train { … }",
}


def find_form(keyword: str) -> str:
    """A line of this keyword; of a section its first line."""
    return FORMS.get(keyword, f"{keyword} Name …")
