"""Widgets that know nothing of the pages: the lowest layer of the interface."""
