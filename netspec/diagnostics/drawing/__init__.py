"""Draws problems, as text for people and in the forms that machines read."""
