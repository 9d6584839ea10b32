"""Holds the problems of a spec's text: its signs, words, lines and brackets, and of its JSON twin."""
