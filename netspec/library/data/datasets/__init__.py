"""Holds the datasets, each of which loads its examples into memory as NumPy arrays."""
