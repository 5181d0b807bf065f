"""Text as it is spoken: numbers, dates, units and signs written out, one module a language."""
