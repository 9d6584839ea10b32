"""Elaborates bodies: their statements, the regions in them, and the instances of blocks and models."""
