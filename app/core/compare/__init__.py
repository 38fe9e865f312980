"""Measuring builds of one model side by side on this computer, and reports of it."""
