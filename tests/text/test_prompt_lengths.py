"""Lengths in their usual forms, and pieces that come out that long."""

import numpy as np
import pytest

from amadeus.control import Constraints
from amadeus.control.kinds import ExactTempo, Metre
from amadeus.errors import ConfigError
from amadeus.inference.composer import Composer
from amadeus.model import PRESETS, Amadeus
from amadeus.text.prompt import parse_prompt

SECONDS = """
a 3:45 minute rock song                   | 225
a rock song, 3:45                         | 225
3:45 long                                 | 225
length 2:30                               | 150
duration: 1:15                            | 75
2:05 min                                  | 125
1 1/2 minutes                             | 90
1½ minutes                                | 90
1.5 min                                   | 90
3/4 of a minute                           | 45
half a minute                             | 30
three quarters of a minute                | 45
a quarter of an hour                      | 900
half an hour                              | 1800
a minute and a half                       | 90
about a minute and a half                 | 90
one and a half minutes                    | 90
two and a half minutes                    | 150
2m30s                                     | 150
1m 30s                                    | 90
2'30"                                     | 150
2 minutes 30 seconds                      | 150
2 minutes and 30 seconds                  | 150
1 min 30 s                                | 90
2 mins 5 secs                             | 125
a 3 minute long orchestral piece          | 180
a three-minute piano piece                | 180
30 seconds of jazz                        | 30
ninety seconds                            | 90
a 90-second jingle                        | 90
2 min                                     | 120
about 45 s                                | 45
120s                                      | 120
a couple of minutes                       | 120
a minute of jazz                          | 60
about a minute long                       | 60
lasting 75 seconds                        | 75
exactly 40 seconds                        | 40
130 seconds long                          | 130
a 20 sec ident                            | 20
make it last 3 minutes                    | 180
a two-and-a-half-minute song              | 150
a half minute                             | 30
one hundred and ten seconds               | 110
"""
COUNTS = """
16 measures                               | 16 bars
sixteen bars                              | 16 bars
a 32-bar tune                             | 32 bars
24 bars long                              | 24 bars
bars: 12                                  | 12 bars
a dozen bars                              | 12 bars
64 beats                                  | 64 beats
sixty-four beats long                     | 64 beats
at least 32 bars                          | at least 32 bars
32 bars or more                           | at least 32 bars
no fewer than 32 bars                     | at least 32 bars
up to 12 bars                             | at most 12 bars
no more than 12 bars                      | at most 12 bars
4 x 8 bars                                | 32 bars
8 bars x 4                                | 32 bars
32+ bars                                  | at least 32 bars
the last 8 bars                           | None
between one and two minutes               | 60 to 120 seconds
16-24 bars                                | 16 to 24 bars
16 to 24 bars                             | 16 to 24 bars
between 16 and 24 bars                    | 16 to 24 bars
2-3 minutes                               | 120 to 180 seconds
at least a minute                         | at least 60 seconds
under 2 minutes                           | at most 120 seconds
music of the 90s                          | None
wait a minute                             | None
at 10:30 in the evening                   | None
four beats to the bar                     | None
thirty-second notes                       | None
"""


def rows(table):
    return [tuple(map(str.strip, line.rsplit("|", 1))) for line in table.strip().splitlines()]


@pytest.mark.parametrize(("prompt", "length"), rows(COUNTS))
def test_bars_beats_and_bounds(prompt, length):
    assert str(parse_prompt(prompt).length) == length


@pytest.fixture(scope="module")
def composer(randomize):
    """A composer whose text encoder knows nothing, so that plans take no time."""
    composer = Composer(randomize(Amadeus(PRESETS["nano"])))
    composer.planner._encode_text = lambda texts: [
        np.zeros((1, PRESETS["nano"].text_width), np.float32) for _ in texts
    ]
    return composer


FRAMES = (
    "",
    "97 bpm, 3/4",
    "slow, 6/8",
    "in 7/8 at 180 bpm",
    "start at 60 bpm and speed up to 120",
)


def seconds_and_bar(plan):
    """Seconds of a piece whose tempo and time signature are planned, and those of its last bar."""
    (metre,) = [one for one in plan.constraints if isinstance(one, Metre)]
    (tempo,) = [one for one in plan.constraints if isinstance(one, ExactTempo)]
    beats, unit = map(int, metre.time_signature.split("/"))
    bars = [240 * beats / unit / tempo.bpm_at(i, plan.num_bars) for i in range(plan.num_bars)]
    return sum(bars), bars[0]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(("prompt", "seconds"), rows(SECONDS))
def test_pieces_are_as_long_as_asked_for(composer, prompt, seconds, frame):
    plan = composer.plan(f"{prompt}; {frame}", seed=3).plan
    planned, bar = seconds_and_bar(plan)
    assert abs(planned - float(seconds)) <= bar


@pytest.mark.parametrize("seed", range(8))
def test_what_is_drawn_for_a_length_stays_in_the_range_of_its_words(composer, seed):
    piece = composer.plan("a fast piece, 2 minutes", seed=seed)
    (tempo,) = [one for one in piece.constraints if isinstance(one, ExactTempo)]
    assert 110 <= tempo.bpm <= 160


@pytest.mark.parametrize(
    ("prompt", "bars"),
    [
        ("64 beats in 4/4", 16),
        ("64 beats in 2/4", 32),
        ("60 beats in 3/4", 20),
        ("64 beats in 6/8", 32),
        ("at least 32 bars", 32),
        ("16-24 bars", 16),
        ("20-24 bars", 20),
        ("up to 12 bars", 12),
        ("intro 4, verse 8, chorus 8", 20),
        ("at least 2 minutes at 120 bpm in 4/4", 60),
        ("at least 121 seconds at 120 bpm in 4/4", 61),
        ("under 10 seconds at 120 bpm in 4/4", 5),
        ("at most 11 seconds at 120 bpm in 4/4", 5),
        ("at most 1 second, 2 bars", 2),
    ],
)
def test_bounds_are_kept(composer, prompt, bars):
    assert composer.plan(prompt).plan.num_bars == bars


def test_one_time_signature_is_planned_unless_asked_otherwise(composer):
    def metres(prompt, **settings):
        constraints = composer.plan(prompt, **settings).constraints
        return [str(one) for one in constraints if isinstance(one, Metre)]

    for seed in range(8):
        (metre,) = metres("a calm evening", seed=seed)
        assert metre.startswith("time signature: ")
        assert metres("a calm evening, not in 4/4", seed=seed) != ["time signature: 4/4"]
    assert metres("not in 4/4, not in 3/4, not in 2/4, not in 6/8, calm") in (
        [],
        ["time signature: 2/2"],
    )
    assert metres("changing time signatures") == metres("mixed metres") == metres("in seven") == []
    held = Constraints("metre: 5/4 in bars 1-2")
    assert metres("a calm evening", constraints=held) == ["time signature: 5/4 in bars 1-2"]
    assert metres("") == []


def test_lengths_outweighed_by_bars(composer):
    assert composer.plan("3 minutes of jazz", bars=7).plan.num_bars == 7


@pytest.mark.parametrize("prompt", ["at least 5000 bars", "up to 90 minutes"])
def test_bounds_that_cannot_be_kept_are_refused(prompt):
    with pytest.raises(ConfigError, match="choose"):
        parse_prompt(prompt)
