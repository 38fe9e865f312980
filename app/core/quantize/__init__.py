"""Making builds: calibration, recipes, quantizing, and mixes that fit a size."""
