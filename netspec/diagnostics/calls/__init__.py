"""Holds the problems of calls: arguments and inputs that an op or a block does not take."""
