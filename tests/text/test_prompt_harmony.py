"""Chords, degrees, modes, keys that follow each other, and tempi that move."""

import pytest

from amadeus.control import Constraints
from amadeus.control.piece import Drawn, Frame
from amadeus.errors import ConfigError
from amadeus.text.prompt import parse_prompt

# What a prompt states of a piece of 16 bars; 100 BPM and 3/4 are drawn where nothing is stated.
TABLE = """
chords Am F C G                             => chords: Am F C G; time signature: 3/4
over Am, F, C, G                            => chords: Am F C G; time signature: 3/4
Am - F - C - G progression                  => chords: Am F C G; time signature: 3/4
chord progression: Dm7 G7 Cmaj7             => chords: Dm7 G7 Cmaj7; time signature: 3/4
Am F | C G in 4/4                           => chords: Am F | C G; time signature: 4/4
Cadd9 G/B Am9 Fmaj9 progression             => chords: C G Am7 Fmaj7; time signature: 3/4
I-V-vi-IV in G                              => key: G major; chords: G D Em C; time signature: 3/4
ii-V-I in C                                 => key: C major; chords: Dm G C; time signature: 3/4
i-VI-III-VII in A minor                     => key: A minor; chords: Am F C G; time signature: 3/4
A minor, chords Am Bb E                     => chords: Am Bb E; time signature: 3/4
A B A C form                                => form: A B A C; time signature: 3/4
a song over a hill                          => time signature: 3/4
D dorian                                    => key: D dorian; time signature: 3/4
in the key of G lydian                      => key: G lydian; time signature: 3/4
C blues scale                               => key: C blues; time signature: 3/4
E minor pentatonic                          => key: E minor pentatonic; time signature: 3/4
E harmonic minor                            => key: E harmonic minor; time signature: 3/4
D whole-tone scale                          => key: D whole tone; time signature: 3/4
a dorian melody                             => time signature: 3/4
E phrygian dominant                         => time signature: 3/4
A minor, then C major                       => key: A minor in bars 1-8; key: C major in bars 9-; time signature: 3/4
from A minor to C major                     => key: A minor in bars 1-8; key: C major in bars 9-; time signature: 3/4
in D dorian, modulating to E major          => key: D dorian in bars 1-8; key: E major in bars 9-; time signature: 3/4
A minor -> C major -> A minor, 12 bars      => key: A minor in bars 1-4; key: C major in bars 5-8; key: A minor in bars 9-; bars: 12; time signature: 3/4
start at 80 bpm and speed up to 140         => tempo: 80->140; time signature: 3/4
accelerando from 60 to 120 bpm              => tempo: 60->120; time signature: 3/4
gradually accelerating from 90 bpm to 130   => tempo: 90->130; time signature: 3/4
120 bpm slowing down to 80 bpm              => tempo: 120->80; time signature: 3/4
starts at 60 bpm, then accelerates to 120   => tempo: 60->120; time signature: 3/4
tempo: 80->140                              => tempo: 80->140; time signature: 3/4
80 bpm, getting faster                      => tempo: 80->112; time signature: 3/4
120 bpm, ritardando                         => tempo: 120 in bars 1-12; tempo: 120->84 in bars 13-; time signature: 3/4
accelerando                                 => tempo: 100->140; time signature: 3/4
fast, slowing down at the end               => tempo: 133 in bars 1-12; tempo: 133->93 in bars 13-; time signature: 3/4
begins at 100 bpm and slows to 60           => tempo: 100->60; time signature: 3/4
gradually slows from 140 bpm to 90 bpm      => tempo: 140->90; time signature: 3/4
increase the tempo from 80 to 120           => tempo: 80->120; time signature: 3/4
increase tempo from 80 to 120 bpm           => tempo: 80->120; time signature: 3/4
slow, from 60 to 80 bpm                     => tempo: 60-80; time signature: 3/4
from 90 to 140 bpm                          => tempo: 90-140; time signature: 3/4
"""  # noqa: E501
ROWS = [line.split("=> ") for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("prompt", "stated"), ROWS)
def test_prompts_state_constraints(prompt, stated):
    frame = Frame(parse_prompt(prompt.strip()), Constraints(), draw=lambda: Drawn("3/4", 100))
    assert "; ".join(map(str, frame.constraints)) == stated
    frame.plan()


def test_keys_without_an_order_contradict_each_other():
    with pytest.raises(ConfigError, match="states two keys: 'C major' and 'D minor'"):
        parse_prompt("C major and D minor")
