"""The window: Qt Widgets over the core; no files, no network and no inference here."""
