"""Control: what the music must be, as exact masks on what the model may draw. No retraining."""

from amadeus.control.constraints import Constraints

__all__ = ["Constraints"]
