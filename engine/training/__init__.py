"""The training run: gradients, updates, the order of a step, and what is asked in between."""
