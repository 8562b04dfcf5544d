import os
from pathlib import Path

import pytest

# The models of the tests are too small to share out: on a busy machine, threads that wait for each
# other make them ten times slower. Set before torch is imported, and handed on to subprocesses.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def randomize():
    """Gives a model weights of which none is zero, as output projections and heads are at first."""
    import torch

    def randomize(model):
        generator = torch.Generator().manual_seed(0)
        for parameter in model.parameters():
            scale = 1.0 if parameter.dim() == 1 else parameter.shape[-2] ** -0.5
            parameter.data.normal_(0, scale, generator=generator)
        return model.eval()

    return randomize


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder of real MIDI files; its README names the pieces."""
    return Path(__file__).parent / "fixtures"
