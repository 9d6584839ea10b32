"""Tools around the compiler: everything that is derived from specs and from the shelf. Floor 5."""
