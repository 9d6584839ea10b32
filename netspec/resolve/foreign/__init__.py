"""Writes calls as they are written here: what other libraries' users give a layer, an optimizer or a loss, as candidates of repairs."""
