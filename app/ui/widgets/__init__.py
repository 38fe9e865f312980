"""Building blocks of the pages: they know Qt, Markdown and colours, and nothing of the app."""
