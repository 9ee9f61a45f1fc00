"""A package, since other rooms have test modules of the same names."""
