"""Text to phonemes: cleaning, language spans, normalisation, pronunciation, splitting.

Start at :func:`voice.text.frontend.phonemize`. Nothing heavy is imported before it is used.
"""
