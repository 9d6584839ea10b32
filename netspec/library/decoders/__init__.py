"""Holds the ways to generate a sequence: what a decoder is (`protocol`), and the searches."""
