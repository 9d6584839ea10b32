"""Looks at files of data: what they hold, what one would want to know before training on them, and how a spec declares them."""
