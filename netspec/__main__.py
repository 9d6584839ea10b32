"""`python -m netspec` is the command `netspec`."""

from netspec.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
