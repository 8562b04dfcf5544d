"""Sections: forms as text, and lengths that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amadeus.errors import ConfigError
from amadeus.music.sections import (
    NAMED_FORMS,
    Section,
    form_text,
    read_sections,
    usual_length,
    with_lengths,
)

sections = st.lists(
    st.builds(
        Section,
        st.sampled_from(["A", "B", "intro", "chorus"]),
        st.integers(0, 2),
        st.none() | st.integers(1, 16),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("AABA", "A A B A"),
        ("AABA:8", "A:8 A:8 B:8 A:8"),
        ("AABA'", "A A B A'"),
        ("intro:4 A:8 A:8 B:8 A':8 outro:4", "intro:4 A:8 A:8 B:8 A':8 outro:4"),
        ("Verse, Chorus, Verse", "verse chorus verse"),
        ("rondo", "A B A C A"),
        ("Ternary form", "A B A"),
    ],
)
def test_forms_are_read(text, means):
    assert form_text(read_sections(text)) == means


@pytest.mark.parametrize("text", ["", "A:0", "A:8:8", "8", "A:-1", "A" * 65, "A:12345", "Ä B"])
def test_other_text_is_refused(text):
    with pytest.raises(ConfigError):
        read_sections(text)


@given(sections)
def test_text_can_be_read_again(form):
    assert list(read_sections(form_text(form))) == form


@given(sections, st.integers(1, 300))
def test_lengths_add_up(form, num_bars):
    fixed = sum(section.bars or 0 for section in form)
    num_open = sum(section.bars is None for section in form)
    if num_bars - fixed < num_open or (not num_open and num_bars != fixed):
        with pytest.raises(ConfigError):
            with_lengths(form, num_bars)
        return
    known = with_lengths(form, num_bars)
    assert sum(section.bars for section in known) == num_bars
    assert min(section.bars for section in known) >= 1
    assert all(old.bars in (None, new.bars) for old, new in zip(form, known, strict=True))


def test_open_sections_have_usual_proportions():
    form = read_sections("intro AABA outro")
    assert usual_length(form) == 40
    assert [s.bars for s in with_lengths(form, 40)] == [4, 8, 8, 8, 8, 4]
    assert [s.bars for s in with_lengths(read_sections("AABA"), 16)] == [4, 4, 4, 4]


@pytest.mark.parametrize("name", NAMED_FORMS)
def test_named_forms_return_to_a_section(name):
    labels = [section.label for section in read_sections(name)]
    assert 1 < len(set(labels)) < len(labels)
