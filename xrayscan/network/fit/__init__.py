"""Fitting a network: one loop, its losses, optimisers and augmentation."""
