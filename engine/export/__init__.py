"""A run's record as files that other programs read: tables, event files, lines of JSON."""
