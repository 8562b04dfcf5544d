"""Corpora: MIDI folders to token shards, and shards to training batches."""
