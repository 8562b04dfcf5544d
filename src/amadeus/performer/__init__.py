"""Performing: velocities, timing, articulation, pedal and tempo for music that is on the grid.

`performing.perform` is the entry point. A `Performance` is a layer on top of a score: `layer` adds
it, by an amount from 0 to 1, and the written score does not change. `swing` and `groove` move notes
by rules, `network` and `sampling` predict what a player would do, and `alignment`, `targets` and
`training` are for training that network.
"""
