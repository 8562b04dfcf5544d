"""Experiments: what docs/experiments reports, each one command away from being done again."""
