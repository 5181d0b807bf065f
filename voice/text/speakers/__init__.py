"""One module a language: normalisation and pronunciation behind ``speak(text, marked)``.

A new language adds its module here, its code to ``LANGUAGES``, and ``normalize/`` and ``g2p/``
modules of the same name.
"""

LANGUAGES = ("en", "zh", "ja", "ko", "yue")
