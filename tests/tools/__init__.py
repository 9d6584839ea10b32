"""Tools: drawings and derived files."""
