"""Music: scores, MIDI, grid, keys and chords, instruments, audio, pictures. Knows no network."""
