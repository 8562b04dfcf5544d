"""Music: scores, MIDI, the grid, keys and chords, instruments, audio, pictures. Knows no network."""
