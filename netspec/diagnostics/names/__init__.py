"""Holds the problems of names: what is unknown, declared twice, imported or never used."""
