"""Evaluation: one set of measures for every system's music, ours and anyone's."""
