"""The terminal commands: thin, on the same core as the window."""
