"""The browser page: a thin skin over the public names of `voice`."""
