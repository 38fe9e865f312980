"""Tests, screenshots and benchmarks."""
