"""Benchmarks: each module prints ratios measured in interleaved pairs, so that a busy machine disturbs both sides alike."""
