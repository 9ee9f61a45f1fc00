"""Where a score came from: heatmaps, similar cases, and their pictures."""
