"""Elaborates calls: it finds what is called, binds inputs and arguments, and emits the nodes of the use."""
