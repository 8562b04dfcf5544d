"""What can go wrong, as one tree.

AmadeusError
 ├── ConfigError            a setting that cannot work
 ├── ScoreError             music that cannot be read, written or represented
 │    └── MidiError         a MIDI file that cannot be read or written
 ├── VocabularyError        a value that has no token
 ├── GrammarError           tokens that are not a piece of music
 ├── CheckpointError        weights that cannot be loaded
 ├── BusyError              more at once than there is room for
 ├── ServerError            a server that refuses what it is asked, or does not answer
 ├── CorpusError            training data that cannot be read or built
 └── TrainingError          a run that cannot go on

Each message names the value and the remedy. Only the command line and the server turn them into
exit codes and status codes.
"""

from __future__ import annotations


class AmadeusError(Exception):
    """Base of every error that a user can cause or mend."""


class ConfigError(AmadeusError, ValueError):
    """A setting that cannot work."""


class ScoreError(AmadeusError, ValueError):
    """Music that cannot be read, written or represented."""


class MidiError(ScoreError):
    """A MIDI file that cannot be read or written."""


class VocabularyError(AmadeusError, ValueError):
    """A value that has no token."""


class GrammarError(AmadeusError, ValueError):
    """Tokens that are not a piece of music."""


class CheckpointError(AmadeusError):
    """Weights that cannot be loaded."""


class BusyError(AmadeusError):
    """More at once than there is room for; it may work later."""


class ServerError(AmadeusError):
    """A server that refuses what it is asked, or does not answer."""


class CorpusError(AmadeusError):
    """Training data that cannot be read or built."""


class TrainingError(AmadeusError):
    """A training run that cannot go on."""
