"""Language models: their files, where they come from and where they are kept."""
