"""Holds the initializers, which give parameters their first values."""
