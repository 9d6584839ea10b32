"""Finds ops and writes them: the generated index, plugins, and an op as text and JSON."""
