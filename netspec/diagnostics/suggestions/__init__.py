"""What a problem proposes: the nearest name, other libraries' words for things, and repairs applied to a text."""
