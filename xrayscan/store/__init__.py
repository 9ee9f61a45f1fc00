"""What a scan learned, one record a file, kept in SQLite."""
