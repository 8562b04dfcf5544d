"""The models that come with the package, by name."""

from __future__ import annotations

import os
from pathlib import Path

from amadeus.errors import CheckpointError
from amadeus.model.checkpoint_files import CONFIG

FOLDER = Path(__file__).parents[1] / "weights"
DEFAULT_MODEL = "amadeus-small"


def available_models() -> list[str]:
    """Names of the models that come with the package."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{CONFIG}"))


def find_checkpoint(name: str | os.PathLike[str]) -> Path:
    """The folder of a packaged model, or the checkpoint folder that is named itself.

    Raises CheckpointError for a name that is neither.
    """
    if Path(name).is_dir():
        return Path(name)
    if str(name) in available_models():
        return FOLDER / name
    known = ", ".join(available_models()) or "none is packaged here"
    raise CheckpointError(
        f"there is no model {str(name)!r}; give the folder of a checkpoint or one of: {known}"
    )
