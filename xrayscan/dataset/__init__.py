"""Labelled images: folders and tables, patients, splits, decoded pixels, near-duplicates."""
