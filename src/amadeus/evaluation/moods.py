"""Moods: the words that MidiCaps' captions use for them, and which of them a text names."""

from __future__ import annotations

import re

MOODS: tuple[str, ...] = (
    "action", "adventure", "advertising", "background", "ballad", "calm", "children",
    "christmas", "commercial", "cool", "corporate", "dark", "deep", "documentary", "drama",
    "dramatic", "dream", "emotional", "energetic", "epic", "fast", "film", "fun", "funny",
    "game", "groovy", "happy", "heavy", "holiday", "hopeful", "inspiring", "love", "meditative",
    "melancholic", "melodic", "motivational", "movie", "nature", "party", "positive",
    "powerful", "relaxing", "retro", "romantic", "sad", "sexy", "slow", "soft", "soundscape",
    "space", "sport", "summer", "trailer", "travel", "upbeat", "uplifting",
)  # fmt: skip
"""The moods and themes of MTG-Jamendo, by which MidiCaps was captioned (arXiv 2406.02255), [56].

Source: Bogdanov et al., "The MTG-Jamendo dataset for automatic music tagging", 2019.
"""

_OTHER_FORMS = {
    "adventurous": "adventure", "calming": "calm", "calmness": "calm", "cinematic": "film",
    "darkness": "dark", "depth": "deep", "dreamy": "dream", "emotion": "emotional",
    "emotions": "emotional", "emotive": "emotional", "energy": "energetic", "festive": "holiday",
    "groove": "groovy", "happiness": "happy", "hope": "hopeful", "inspirational": "inspiring",
    "joyful": "happy", "melancholy": "melancholic", "meditation": "meditative",
    "mournful": "sad", "playful": "fun", "power": "powerful", "relaxation": "relaxing",
    "relaxed": "relaxing", "romance": "romantic", "sadness": "sad", "softness": "soft",
    "sorrowful": "sad", "spacious": "space",
}  # fmt: skip


def moods_of(text: str) -> tuple[str, ...]:
    """The moods of MOODS that a caption names, in their order there; in any case or form."""
    words = re.findall(r"[a-z]+", text.lower())
    named = {_OTHER_FORMS.get(word, word) for word in words}
    return tuple(mood for mood in MOODS if mood in named)
