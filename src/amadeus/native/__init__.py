"""The compiled core: the network and the sampling of rows in C++, for the CPU.

`network` holds the weights as bytes. `generator` and `decoder` run them in a shared `workspace`,
`engine` does so for several pieces at once, and `sampler` reveals rows. Tests compare all of it
with the more readable `amadeus.model`, `amadeus.diffusion` and `amadeus.tokens`. Without the core,
torch composes instead, more slowly.
"""
