"""Composing on a GPU: reads and draws rows without waiting for the host."""
