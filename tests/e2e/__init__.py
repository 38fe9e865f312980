"""The app as a process, with a home of its own and the real guide."""
