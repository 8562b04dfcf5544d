"""The compiled core: the network and the sampling of rows in C++, for the CPU.

`network` holds the weights as bytes, `engine` runs them on several pieces at once, `sampler` reveals
rows. Everything here is held to `amadeus.model`, `amadeus.diffusion` and `amadeus.tokens`, which
say the same more plainly, by tests; nothing else depends on its being there.
"""

from amadeus.native.library import is_available

__all__ = ["is_available"]
