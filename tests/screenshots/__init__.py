"""Pictures of each page in its states."""
