"""Files and texts that are safe to write: whole or not at all, nothing hidden in a name."""
