"""Holds the tools around the compiler, which derive everything that comes from specs and from the shelf. Floor 5."""
