"""Training: the loss, the optimizers and the loop."""
