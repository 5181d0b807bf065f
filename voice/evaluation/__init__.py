"""Figures of quality (``evaluate``) and of speed and memory (``benchmark``)."""
