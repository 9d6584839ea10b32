"""Defines what ops promise to passes over a finished graph: what they do with masks, and along the axis of a sequence."""
