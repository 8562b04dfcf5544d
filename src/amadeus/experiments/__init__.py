"""Experiments: the studies in docs/experiments, one command each."""
