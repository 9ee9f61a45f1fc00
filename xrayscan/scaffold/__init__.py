"""A plugin to start from, of every kind: one that keeps its contract from its first day."""
