"""Sound: files, sample rates, levels, spectra, quality, and the marks of made recordings."""
