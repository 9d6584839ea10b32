"""Where ops stand and how they are written: the generated index, plugins, and an op as text and JSON."""
