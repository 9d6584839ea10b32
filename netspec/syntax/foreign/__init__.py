"""Knows how other languages say what a spec says, and rewrites it. Only texts with a problem are read here.

Each rule knows one form and gives the edits that make netspec's form of it; `translation` runs them all, and the parser reads the text
again as if the edits were made, so that one foreign statement is one problem and nothing behind it is wrong because of it.
"""
