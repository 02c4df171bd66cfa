"""Runs started, paused, switched, killed and resumed at random, and what became of them."""
