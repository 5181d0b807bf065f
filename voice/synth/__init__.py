"""Synthesis: references to voices, text to speech, recordings to other voices."""
