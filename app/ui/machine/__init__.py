"""The page "My computer": what this machine is, and what that means for models."""
