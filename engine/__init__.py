"""The engine trains, measures and records; it never meets a screen."""
