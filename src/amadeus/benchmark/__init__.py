"""How fast, on this machine: the engines, baselines of equal size, and what the hardware allows."""
