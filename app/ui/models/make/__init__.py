"""Making builds: choose a source and a type, a size or a recipe; calibrate, quantize, verify; and see what came of it."""
