"""The note step on a GPU, from reading a row to drawing the next one, without asking the host."""
