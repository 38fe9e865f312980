"""Nibble: a desktop app that runs quantized language models offline and says truthfully what each bit costs here."""

__version__ = "0.1.0"
