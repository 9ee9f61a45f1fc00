"""What an engine is, which reads and scores films somewhere, and what engines on other machines share."""
