"""Everything that works without Qt."""
