"""Proves what holds of a finished graph: padding and masks, mixed batches, causality, what numbers mean, ids, shared instances. Floor 3.

A proof takes what it needs as arguments (a body, its types, its facts) and knows nothing of elaboration. It returns the problems that it
finds, or raises `Mistake` where it cannot know the place; whoever asked reports them.
"""
