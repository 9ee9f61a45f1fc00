"""What people call from Python: each command as one function with plain arguments, which prints nothing."""
