"""Finds what lines of a `train` section mean that are no settings here: an argument of the optimizer, a stage of the data, a metric, …"""
