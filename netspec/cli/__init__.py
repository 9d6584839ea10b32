"""The command `netspec`: one thin module per subcommand, each with `HELP`, `add_arguments(parser)` and `run(args) -> int`. Floor 6.

Exit codes: 0 clean, 1 problems in the spec or the data, 2 usage, environment or I/O, 101 a bug of netspec, 130 after Ctrl-C,
143 after SIGTERM.
"""
