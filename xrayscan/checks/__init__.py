"""What may be ranked: rules that see an image before any model does, and flag it or set it aside."""
