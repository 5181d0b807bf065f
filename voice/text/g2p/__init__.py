"""Words to phoneme symbols, one module a language."""
