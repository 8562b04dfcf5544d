"""The exceptions of Amadeus.

AmadeusError
 ├── ConfigError            an invalid setting
 ├── ScoreError             music that cannot be read, written or represented
 │    └── MidiError         a MIDI file that cannot be read or written
 ├── VocabularyError        a value without a token
 ├── GrammarError           tokens that do not form a piece of music
 ├── CheckpointError        weights that cannot be loaded
 ├── BusyError              too many requests at once
 ├── ServerError            a server that refuses a request or does not answer
 ├── CorpusError            training data that cannot be read or built
 └── TrainingError          a training run that cannot continue

Each message names the offending value and the remedy. Only the command line and the server turn
exceptions into exit codes and status codes.
"""

from __future__ import annotations


class AmadeusError(Exception):
    """Base of all errors that a user can cause or fix."""


class ConfigError(AmadeusError, ValueError):
    """An invalid setting."""


class ScoreError(AmadeusError, ValueError):
    """Music that cannot be read, written or represented."""


class MidiError(ScoreError):
    """A MIDI file that cannot be read or written."""


class VocabularyError(AmadeusError, ValueError):
    """A value without a token."""


class GrammarError(AmadeusError, ValueError):
    """Tokens that do not form a piece of music."""


class CheckpointError(AmadeusError):
    """Weights that cannot be loaded."""


class BusyError(AmadeusError):
    """Too many requests at once; a later attempt may succeed."""


class ServerError(AmadeusError):
    """A server that refuses a request or does not answer."""


class CorpusError(AmadeusError):
    """Training data that cannot be read or built."""


class TrainingError(AmadeusError):
    """A training run that cannot continue."""
