"""The IR's kit for passes: a node's wires and regions, ways through a body, who makes and reads a wire."""
