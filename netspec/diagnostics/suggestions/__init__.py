"""Finds what a problem proposes: the nearest name, our word for another library's, and repairs applied to a text."""
