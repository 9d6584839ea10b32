"""Holds wrong specs to answers that can be followed."""
