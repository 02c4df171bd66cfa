"""The record of a run: a directory with its log of events, its settings and its checkpoints."""
