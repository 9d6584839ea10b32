"""netspec's tests."""
