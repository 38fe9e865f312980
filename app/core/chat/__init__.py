"""Conversations: what was said, one turn at a time, kept in SQLite."""
