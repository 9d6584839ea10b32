"""Predicts what a person has in files, by what a run knows of its data, and writes the answers as a person reads them. Floor 5."""
