"""A refusal is never turned into its opposite, whatever its form."""

# ruff: noqa: RUF001

import pytest

from amadeus.text.prompt import parse_prompt

REFUSALS = """
rock song, no {}
rock song, I don't want {}
rock song, I don’t want any {}
rock song, I do not want {}
rock song, we don't need {}
rock song, skip the {}
rock song, skipping {}
rock song w/o {}
rock song without {}
rock song without any kind of {}
rock song without the use of {}
rock song, everything but the {}
rock song, anything but {}
rock song, anything except {}
rock song, all instruments except {}
rock song, no-{}
rock song, leave out the {}
rock song, leave the {} out
rock song, keep {} out
rock song, take the {} out please
rock song, hold the {}
rock song minus {}
rock song, {}? no thanks
rock song, {}: none
rock song, {} not wanted
rock song; {} are forbidden
rock song; {} should not play
rock song; {} mustn't be there
rock song free of {}
rock song devoid of {}
{}-free rock song
rock song, lose the {}
rock song, please omit {}
rock song, omitting all {}
rock song, exclude {}
rock song, excluding {}
rock song, avoid {}
rock song, never use {}
rock song, do not include any {}
rock song, I'd rather not hear {}
rock song, get rid of the {}
rock song, stay away from {}
rock song, I hate {}
rock song, I can't stand {}
rock song, not a single {}
rock song with zero {}
rock song sans {}
rock song, there should be no {}
rock song, nothing with {}
rock song, {} muted
"""
FORMS = REFUSALS.strip().splitlines()
INSTRUMENTS = ("drums", "piano", "guitar", "bass", "violin", "saxophone", "strings", "percussion",
               "flute", "synth")  # fmt: skip


@pytest.mark.parametrize("instrument", INSTRUMENTS)
@pytest.mark.parametrize("form", FORMS)
def test_what_is_refused_is_forbidden(form, instrument):
    facts = parse_prompt(form.format(instrument))
    assert facts.instruments == ()
    assert [one.name for one in facts.absent] == [instrument]
    assert not facts.exclusive


TABLE = """
I don't want piano, only guitar                      | guitar; only; no piano
only guitar, not piano                               | guitar; only; no piano
no piano but guitar                                  | guitar; no piano
leave out drums, bass and guitar                     | no drums, no bass, no guitar
don't use drums, bass or guitar                      | no drums, no bass, no guitar
drums or bass? no thanks                             | no drums, no bass
I don't want drums and bass                          | no drums, no bass
don't forget the drums                               | drums
never leave out the drums                            | drums
not without drums                                    | drums
can't get enough drums                               | drums
not only drums but strings                           | drums, strings
not too many drums                                   | drums
no words, for piano                                  | piano
songs without words for piano                        | piano
an intro without drums, then strings                 | strings; no drums
piano, hold that thought                             | piano
drums off the beat                                   | drums
a piano piece, not too fast                          | piano
I want nothing except drums                          | drums; only
skip the loud drums                                  | no drums
the piano should not be too loud                     | piano
the piano should not play too loud                   | piano
without a doubt the best drums ever                  | drums
hold the line with drums                             | drums
skip to my Lou for banjo                             | banjo
an anti-war song with guitar                         | guitar
unwanted: drums                                      | no drums
rock -drums                                          | 4/4; no drums
replace the piano with a guitar                      | guitar; no piano
drums off, bass on                                   | bass; no drums
a drum-free, bass-free piano piece                   | piano; no drum, no bass
guitars are strictly forbidden                       | no guitars
keep drums away                                      | no drums
keep the drums soft                                  | drums
remove the piano and the drums                       | no piano, no drums
exclude: piano, guitar                               | no piano, no guitar
after the drop drums come in                         | drums
string quartet minus the cello                       | violin, viola; no cello
rock band, skip the bass                             | electric guitar, drums; no bass
piano, muted guitar                                  | piano, muted guitar
bass and free jazz drums                             | bass, jazz drums
no more than two guitars                             | guitars
drumless                                             | no drum
guitarless waltz                                     | 3/4; no guitar
instead of a piano use a harp                        | harp; no piano
a harp in place of the piano                         | harp; no piano
"""
ROWS = [tuple(map(str.strip, line.split("|"))) for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("prompt", "stated"), ROWS)
def test_refusals_reach_as_far_as_they_are_meant(summary, prompt, stated):
    assert summary(parse_prompt(prompt)) == stated
