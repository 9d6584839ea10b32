"""What can only be checked where there is a GPU: `python -m tests.gpu`."""
