"""Data sets that are held in memory as NumPy arrays."""
