"""Plugins that ship inside the package."""
