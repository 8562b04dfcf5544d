"""The compiled core: the network and the sampling of rows in C++, for the CPU.

`network` holds the weights as bytes, `engine` runs them on several pieces at once, and `sampler`
reveals rows. Tests hold all of it to `amadeus.model`, `amadeus.diffusion` and `amadeus.tokens`,
which say the same more plainly; nothing but speed depends on its being there.
"""
