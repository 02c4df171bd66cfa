"""A run's record as something to look at outside a terminal: a picture, a page."""
