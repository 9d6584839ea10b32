"""Diagnostics: how they are drawn, written for machines, suggested, explained."""
