"""Scores compared to the last detail: their equality leaves much of what they hold out."""

from dataclasses import fields, is_dataclass

import numpy as np

_OF_THE_FILE = ("source", "origin", "length_ticks", "notices")


def everything(value):
    """All fields of a score, or of a part of one, as plain values, but for those of its file."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [everything(one) for one in value]
    if is_dataclass(value):
        return {
            field.name: everything(getattr(value, field.name))
            for field in fields(value)
            if field.name not in _OF_THE_FILE
        }
    return value
