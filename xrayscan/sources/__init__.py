"""Where images come from: folders and lists of paths."""
