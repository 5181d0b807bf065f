"""Weights on disk: reading, naming and checking them."""
