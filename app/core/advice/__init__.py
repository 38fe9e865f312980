"""Numbers before anything is downloaded or loaded: what fits, how fast, how good, and what to take."""
