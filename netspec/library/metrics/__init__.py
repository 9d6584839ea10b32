"""Holds what an evaluation reports: a metric's statistics are sums over examples, so any split into batches or over devices gives one
number.
"""
