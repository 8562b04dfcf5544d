"""From a prompt to a profile: what it states, and the genres, forms and moods that it names."""

from __future__ import annotations

import re
from typing import Any

from amadeus.errors import ConfigError, ScoreError
from amadeus.music.instrument_words import INSTRUMENT_GROUPS
from amadeus.music.instruments import find_instrument
from amadeus.profile import Part, Profile
from amadeus.profile.labels import FORMS, GENRES, MOODS
from amadeus.profile.wording import ProfileText, left_open, parse_profile
from amadeus.text.prompt import PromptFacts
from amadeus.text.prompt_instruments import StatedInstrument
from amadeus.tokens.vocabulary import instrument_value

_MOOD_WORDS = {
    "happy": ("happy", "joyful", "cheerful", "upbeat", "lively", "merry", "bright", "playful"),
    "tense": ("tense", "dark", "aggressive", "epic", "dramatic", "stormy", "angry", "energetic"),
    "sad": ("sad", "melancholic", "melancholy", "mournful", "sorrowful", "gloomy", "lonely"),
    "calm": ("calm", "peaceful", "relaxing", "gentle", "serene", "dreamy", "soothing", "quiet"),
}


def profile_of_prompt(text: str, facts: PromptFacts) -> Profile:
    """What a prompt says of the music. facts: what `parse_prompt` read in it."""
    low, high = facts.tempo_range or (None, None)
    middle = None if low is None or high is None else (low * high) ** 0.5
    parts = tuple(Part(_instrument(one)) for one in facts.instruments)
    return Profile(
        key=facts.key,
        bpm=facts.bpm or middle,
        time_signature=facts.time_signature or None,
        parts=parts,
        num_parts=len(parts) if parts and facts.exclusive else None,
        genres=_named(GENRES, text),
        forms=_named(FORMS, text),
        moods=tuple(
            mood
            for mood in MOODS
            if any(_says(word, text) for word in _MOOD_WORDS.get(mood, (mood,)))
        ),
    )


def profile_settings(text: ProfileText | None, like: Profile | None = None) -> dict[str, Any]:
    """Settings of `Composer.generate`: the values of a text, and the others of a piece's profile.

    Raises ConfigError for a name or a value that is unknown.
    """
    if text is None:
        return {"profile": like or Profile()}
    asked = parse_profile(text, instrument_of)
    return {
        "profile": (like or Profile()).with_values_of(asked),
        "leave_open": left_open(text),
    }


def instrument_of(name: str) -> int:
    """The value of `instrument` of an instrument's name. Raises ConfigError for an unknown one."""
    try:
        return instrument_value(find_instrument(name))
    except ScoreError as error:
        programs = INSTRUMENT_GROUPS.get(name.strip().lower().replace("-", " "))
        if programs is None:
            raise ConfigError(f"profile: {error}") from None
        return instrument_value(programs[0])


def _instrument(stated: StatedInstrument) -> int:
    """Value of `instrument` of the most usual of the programs that are meant."""
    return instrument_value(stated.programs[0])


def _named(words: tuple[str, ...], text: str) -> tuple[str, ...]:
    """The words of a list that a text contains, those within longer ones left out."""
    found = [word for word in words if _says(word, text)]
    return tuple(w for w in found if not any(w != other and w in other for other in found))


def _says(word: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
