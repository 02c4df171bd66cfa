"""The laboratory: experiments on screen, from their records and their events alone."""
