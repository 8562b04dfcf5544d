"""Libraries that corpora need and composing does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from amadeus.errors import CorpusError


@contextmanager
def train_extra() -> Iterator[None]:
    """Around imports of what the extra `train` installs.

    Raises CorpusError where it is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise CorpusError(
            f"corpora need {error.name}, which is not installed; "
            "install it with `pip install 'amadeus-music[train]'`"
        ) from None
