"""The pages of problems, `docs/problems/`, are true."""
