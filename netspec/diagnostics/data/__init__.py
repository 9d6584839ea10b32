"""Holds the problems of data: chains, fields, files and records."""
