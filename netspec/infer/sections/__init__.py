"""Elaborates sections: what a file says of training, of serving and of its models is proved and made into plans."""
