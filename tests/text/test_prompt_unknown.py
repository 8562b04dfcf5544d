"""What was not understood is reported; free text is not."""

import pytest

from amadeus.text.prompt import parse_prompt

# ruff: noqa: E501
SLIPS = """
a panio waltz                             | 'panio' (did you mean 'piano'?)
a gutiar and a vilon                      | 'gutiar' (did you mean 'guitar'?); 'vilon' (did you mean 'violin'?)
slwo piano, fsat drums                    | 'slwo' (did you mean 'slow'?); 'fsat' (did you mean 'fast'?)
alegro, sloww                             | 'alegro' (did you mean 'allegro'?); 'sloww' (did you mean 'slow'?)
trumpt fanfare with drumms                | 'trumpt' (did you mean 'trumpet'?); 'drumms' (did you mean 'drums'?)
a clarinet and a saxphone   | 'saxphone' (did you mean 'saxophone'?)
piano, 108                                | '108' (did you mean '108 bpm'?)
jazz trio at 140                          | '140' (did you mean '140 bpm'?)
piano in 5/3                              | '5/3'
key of H                                  | 'key of H'
a song in H minor                         | 'H minor'
I-V-vi-IV                                 | 'I-V-vi-IV' (did you mean 'I-V-vi-IV in C major'?)
"""
FREE_TEXT = """
a
a beautiful, epic, inspired journey
Something that sounds like the end of a long journey.
a cinematic orchestral theme, epic and heroic, Zimmeresque
music for a 1980s arcade game, level 99
opus 27 no 2, moonlit
a piece like Debussy's Clair de lune
lofi hip hop to study to, chillwave, vaporwave
barcarolle, berceuse, toccata, chaconne, passacaglia, ricercar
dubstep wobble with growls and a drop
une chanson triste à la Satie
Ein Lied im Stil von Schubert
metalcore djent breakdown
in the mountains of Kerala, 24 hours of rain
chordal textures and a bassy, drumlike pulse
"""


@pytest.mark.parametrize("row", SLIPS.strip().splitlines())
def test_slips_are_reported_with_what_may_be_meant(row):
    prompt, reported = map(str.strip, row.split("|"))
    facts = parse_prompt(prompt)
    assert "; ".join(map(str, facts.unknown)) == reported
    for one in facts.unknown:
        assert prompt[one.span.start : one.span.end] == one.span.text


@pytest.mark.parametrize("prompt", FREE_TEXT.strip().splitlines())
def test_free_text_is_no_instruction(prompt):
    assert parse_prompt(prompt).unknown == ()
