"""The language: its text and its JSON twin read to a tree, and written back. Floor 1; the library is its brother and is not imported.

Text is cut into words by `scanner`, made tokens by `lexer`, and run through the shipped table by `engine`; `parser` and `recovery` go on
after a mistake, which `mistakes` explains. `tree_builder` and `expression_builder` make the nodes, which stand in `tree`; `printer` is the
formatter. What begins with twin is the JSON form. `spec_file` reads either, `fragments` single expressions.
"""
