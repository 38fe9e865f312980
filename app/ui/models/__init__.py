"""The Models page: what to get, what the hub has, what is on this computer, and what is on its way."""
