"""The dashboard: it shows what the engine says and passes on what a person asks."""
