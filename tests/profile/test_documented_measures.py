"""docs/profile.md says what the code does."""

import re
from pathlib import Path

import pytest

from amadeus.profile import FIELDS, MEASURES
from amadeus.profile.wording import parse_profile
from amadeus.text.profile_of_prompt import instrument_of, profile_settings

PAGE = (Path(__file__).parents[2] / "docs/profile.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_the_table_has_every_measure(measure):
    low, high = (
        getattr(parse_profile(f"{measure.title}: {word}", instrument_of), measure.name)
        for word in measure.words
    )
    cells = [
        f"`{measure.title}`", measure.unit, f"{measure.words[0]}, {low:g}",
        f"{measure.words[1]}, {high:g}", ", ".join(f"{edge:g}" for edge in measure.edges),
    ]  # fmt: skip
    assert re.sub(" +", " ", f"| {' | '.join(cells)} |") in PAGE


def test_every_profile_of_the_page_is_one():
    texts = re.findall(r'--profile "(.*?)"', PAGE)
    assert texts
    for text in texts:
        profile_settings(text)


def test_the_fields_are_named():
    names = PAGE.split("The names are the fields of")[1]
    assert [name for name in re.findall(r"`(\w+)`", names) if name in FIELDS] == [*FIELDS]
