"""Writes one HTML page about runs, which is read without a network: curves, specs, costs, data, and what a classifier takes for what.

`run_view` reads a run; a module each makes a part of the page of it; `page` puts them together. Whatever a run holds, names of files, of
classes and texts of specs included, comes from anywhere: it enters the page as text, by `markup` alone.
"""
