"""Where else the numbers of a training may go: loggers that are asked for by name, each imported only then."""
