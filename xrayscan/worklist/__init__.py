"""Records in reading order, with the tier each probability belongs to."""
