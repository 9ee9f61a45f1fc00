"""A folder that is watched: films are scored as they arrive."""
