"""Holds what shape rules share: axes, sizes, windows, patterns of axes, and what they require of sizes."""
