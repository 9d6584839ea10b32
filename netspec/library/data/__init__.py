"""Holds what training reads: datasets, the transforms behind them, and what both make of their values."""
