"""Mutated inputs against whatever reads what others wrote: ``python -m tests.fuzz jpeg --seconds 1200``."""
