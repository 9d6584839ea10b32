"""Finds repairs of problems of shapes in the text around them: how a tensor was made, and what could be written otherwise."""
