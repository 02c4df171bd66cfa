"""Figures against peers and limits, as paired ratios: ``python -m benchmarks --help``."""
