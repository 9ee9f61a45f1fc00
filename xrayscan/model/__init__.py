"""A model as data: its card, its file, its declared parameters, and what a backend is."""
