"""Small inputs that went wrong once, each with its right answer; the specs and data stand in `traps/` and `reports/`."""
