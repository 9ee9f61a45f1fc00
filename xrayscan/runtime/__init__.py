"""What computes a network: torch or another inference engine, and which of them is the fastest here that agrees."""
