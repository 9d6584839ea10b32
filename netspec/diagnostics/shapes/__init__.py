"""Holds the problems of sizes and types: what a shape rule refuses, and what cannot be proved."""
