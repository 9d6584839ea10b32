"""Sections: what a file says of training, serving and of its models, proved and made into plans."""
