"""The scan: read each file once, score in batches, keep every record."""
