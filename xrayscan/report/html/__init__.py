"""Pages that open anywhere: one file each, no network."""
