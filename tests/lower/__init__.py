"""Tests of lowering, on bodies that `build` makes by hand."""
