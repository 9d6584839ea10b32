"""How sequences are generated: what a decoder is (`protocol`), and the searches."""
