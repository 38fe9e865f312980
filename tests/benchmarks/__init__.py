"""Benchmarks: ratios taken in one run against llama.cpp's own tools and physical limits."""
