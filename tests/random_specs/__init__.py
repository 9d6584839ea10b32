"""Specs made at random: well-formed ones built from the registry, and mutated ones that must be refused politely."""
