import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amadeus.errors import ConfigError
from amadeus.music.instrument_words import CAPTION_WORDS as INSTRUMENTS
from amadeus.music.instrument_words import INSTRUMENT_GROUPS
from amadeus.music.instruments import DRUMS, EVERYDAY_NAMES, find_instrument
from amadeus.music.keys import Key, parse_key
from amadeus.music.tempo_words import TEMPO_MARKINGS, TEMPO_RANGES, TEMPO_WORDS
from amadeus.text.captioner import write_captions
from amadeus.text.facts import Facts
from amadeus.text.prompt import MAX_CHARACTERS, PromptFacts, parse_prompt

# (prompt, bpm, tempo word, key, time signature, bars, instruments): prompts for development.
DEVELOPMENT = [
    ("A slow, melancholic piano ballad in A minor at 70 BPM with gentle arpeggios.",
     70, "slow", "A minor", "", None, ["piano"]),
    ("An upbeat pop song with piano, electric bass, acoustic guitar and drums in G major, 4/4, "
     "124 beats per minute.",
     124, "", "G major", "4/4", None, ["piano", "electric bass", "acoustic guitar", "drums"]),
    ("A baroque-style piece for harpsichord in D minor, moderate tempo, 3/4 time.",
     None, "moderate", "D minor", "3/4", None, ["harpsichord"]),
    ("Energetic video game battle music with synth lead, synth bass and drums, E minor, very fast.",
     None, "very fast", "E minor", "", None, ["synth lead", "synth bass", "drums"]),
    ("string quartet in C minor, andante",
     None, "andante", "C minor", "", None, ["violin", "viola", "cello"]),
    ("jazz trio: piano, upright bass, brushed drums, swing feel, 140 bpm, Bb major, 32 bars",
     140, "", "Bb major", "", 32, ["piano", "acoustic bass", "drums"]),
    ("a folk tune for solo flute in D major, 6/8", None, "", "D major", "6/8", None, ["flute"]),
    ("a cinematic orchestral theme with strings, french horn and timpani, epic and heroic",
     None, "", "", "", None, ["strings", "french horn", "timpani"]),
    ("lo-fi beat to study to, electric piano and soft drums, 82 bpm",
     82, "", "", "", None, ["electric piano", "drums"]),
    ("8 bars of solo guitar in E major at 96 bpm", 96, "", "E major", "", 8, ["guitar"]),
    ("A hymn in four voices for church organ, F major, 4/4, slow.",
     None, "slow", "F major", "4/4", None, ["church organ"]),
    ("rainy evening in Paris, accordion waltz", None, "", "", "3/4", None, ["accordion"]),
    ("funky slap bass, clavinet and drums, 108 BPM, E minor",
     108, "", "E minor", "", None, ["slap bass", "clavinet", "drums"]),
    ("happy children's song with glockenspiel and pizzicato strings in C major",
     None, "", "C major", "", None, ["glockenspiel", "pizzicato strings"]),
    ("a tango for bandoneon, violin, piano and double bass in A minor",
     None, "", "A minor", "4/4", None, ["bandoneon", "violin", "piano", "acoustic bass"]),
    ("Something that sounds like the end of a long journey.", None, "", "", "", None, []),
    ("techno, 128 bpm, F minor, drums and synth bass, 64 bars",
     128, "", "F minor", "4/4", 64, ["drums", "synth bass"]),
    ("piano, 7/8, mysterious, G# minor, 110 bpm", 110, "", "G# minor", "7/8", None, ["piano"]),
    ("a sea shanty with accordion and male choir, lively",
     None, "", "", "", None, ["accordion", "choir"]),
    ("country song with banjo, fiddle, acoustic guitar and bass, 160 bpm, A major, no drums",
     160, "", "A major", "", None, ["banjo", "fiddle", "acoustic guitar", "bass"]),
]  # fmt: skip


@pytest.mark.parametrize("row", DEVELOPMENT, ids=lambda row: row[0][:30])
def test_development_prompts(row):
    prompt, bpm, word, key, metre, bars, instruments = row
    facts = parse_prompt(prompt)
    assert (facts.bpm, facts.num_bars, facts.time_signature) == (bpm, bars, metre)
    assert facts.tempo_range == (TEMPO_RANGES[word] if word else None)
    assert facts.key == (parse_key(key) if key else None)
    assert len(facts.instruments) == len(instruments)
    for stated, label in zip(facts.instruments, instruments, strict=True):
        assert find_instrument(label) in stated.programs
    assert facts.exclusive == ("solo" in prompt)
    assert [i.programs for i in facts.absent] == ([(DRUMS,)] if "no drums" in prompt else [])


TABLE = """
120 bpm                                              | 120 bpm
120BPM techno                                        | 120 bpm; 4/4
at 96 beats per minute                               | 96 bpm
at 96 beats a minute                                 | 96 bpm
96 beats/min                                         | 96 bpm
72 b.p.m.                                            | 72 bpm
♩ = 88                                               | 88 bpm
♩=88                                                 | 88 bpm
♩. = 60                                              | 90 bpm
quarter note = 100 bpm                               | 100 bpm
half note = 60                                       | 120 bpm
tempo 84                                             | 84 bpm
tempo: 84 bpm                                        | 84 bpm
Tempo of 84                                          | 84 bpm
BPM: 174                                             | 174 bpm
92.5 bpm                                             | 92.5 bpm
one hundred and twenty beats per minute              | 120 bpm
ninety bpm                                           | 90 bpm
100-120 bpm                                          | 100-120
between 100 and 120 bpm                              | 100-120
90 to 100 BPM                                        | 90-100
slow, 70 bpm                                         | 70 bpm; 60-90
grave                                                | 20-40
largo                                                | 40-60
lento                                                | 40-60
adagio                                               | 60-70
Andante                                              | 70-90
moderato                                             | 90-110
allegro                                              | 110-140
vivace                                               | 140-160
presto                                               | 160-210
prestissimo                                          | 210-340
very slow                                            | 20-60
extremely slow and sad                               | 20-60
slow                                                 | 60-90
a slow-paced tune                                    | 60-90
a mid-tempo song                                     | 90-110
medium tempo                                         | 90-110
a fast song                                          | 110-160
fast-paced                                           | 110-160
an up-tempo tune                                     | 110-160
at a quick pace                                      | 110-160
very fast                                            | 160-340
super fast                                           | 160-340
largo, slow and mournful                             | 40-90
allegro, fast                                        | 110-140
not too fast                                         |
not too slow, please                                 |
fast arpeggios over everything                       |
slow motion                                          |
lively and upbeat                                    |
a grave mistake                                      |
a quick sketch                                       |
fast food                                            |
A minor                                              | A minor
a minor                                              | A minor
Am                                                   | A minor
A minor, 70 bpm, piano                               | 70 bpm; A minor; piano
in a minor                                           | A minor
piano in a minor at 80 bpm                           | 80 bpm; A minor; piano
in the key of Am                                     | A minor
key of F#m                                           | F# minor
key: Bbm                                             | Bb minor
F# major                                             | F# major
G♯ minor                                             | G# minor
B♭ major                                             | Bb major
B flat minor                                         | Bb minor
b-flat minor                                         | Bb minor
C-sharp minor                                        | C# minor
A flat major                                         | Ab major
in A flat                                            | Ab major
in the key of C                                      | C major
in the key of g                                      | G major
a song in C                                          | C major
a song in D, please                                  | D major
in F# with strings                                   | F# major; strings
C Major                                              | C major
d minor                                              | D minor
Ebmaj                                                | Eb major
Dmin, piano                                          | D minor; piano
E harmonic minor                                     | E minor
E minor pentatonic                                   | E minor
G# minor (Ab minor)                                  | G# minor
A minor waltz                                        | A minor; 3/4
a calm piece in A major for harp                     | A major; harp
a minor setback                                      |
A minor setback in the plan                          |
in a major city                                      |
a major breakthrough                                 |
minor details                                        |
a key moment                                         |
in a minor key                                       |
in a flat in Berlin                                  |
I'd major in music                                   |
Am I dreaming of you                                 |
an A minor chord                                     |
chords Am, F, C, G                                   |
Am - F - C - G progression                           |
over Dm7 G7 Cmaj7                                    |
vitamin C and plan B                                 |
3/4                                                  | 3/4
in 7/8                                               | 7/8
12/8 blues                                           | 12/8
6/8 time                                             | 6/8
in three                                             | 3/4
in three with piano                                  | 3/4; piano
in two                                               | 2/4
common time                                          | 4/4
cut time                                             | 2/2
alla breve                                           | 2/2
waltz time                                           | 3/4
a waltz                                              | 3/4
a waltz in 6/8                                       | 6/8
six-eight time                                       | 6/8
in five-four                                         | 5/4
4/4, common time                                     | 4/4
in four voices                                       |
in three movements                                   |
not a waltz                                          |
1/16 notes                                           |
3/4 of the way home                                  |
open 24/7 since 12/8/2020                            |
cut in two                                           |
32 bars                                              | 32 bars
an 8-bar loop                                        | 8 bars
sixteen measures                                     | 16 bars
thirty-two bars                                      | 32 bars
one hundred and twenty-eight bars                    | 128 bars
a hundred bars                                       | 100 bars
bars: 12                                             | 12 bars
one bar                                              | 1 bars
8 bars of drums in 4/4                               | 4/4; 8 bars; drums
a 4-bar intro                                        |
a change every 4 bars                                |
8 to 16 bars                                         |
at least 8 bars                                      |
a 12-bar blues                                       |
bars of gold                                         |
three bars of gold                                   |
at the bar                                           |
behind bars                                          |
solo piano                                           | piano; only
piano only                                           | piano; only
only drums                                           | drums; only
drums only                                           | drums; only
just a piano                                         | piano; only
piano and violin only                                | piano, violin; only
nothing but strings                                  | strings; only
unaccompanied cello                                  | cello; only
harp and nothing else                                | harp; only
solo classical guitar                                | classical guitar; only
solo violin with orchestra                           | violin, strings, flute, french horn, timpani
solo violin with piano                               | violin, piano
a song with a guitar solo                            | guitar
not only piano but strings                           | piano, strings
piano, drums only in the chorus                      | piano, drums
no drums                                             | no drums
piano without percussion                             | piano; no percussion
no bass                                              | no bass
guitar, no bass or drums                             | guitar; no bass, no drums
without bass and drums                               | no bass, no drums
no drums, bass or guitar                             | no drums, no bass, no guitar
no drums, piano and bass                             | piano, bass; no drums
no drums, just piano                                 | piano; only; no drums
drumless jazz with sax                               | sax; no drum
piano instead of guitar                              | piano; no guitar
strings without any brass                            | strings; no brass
drums, no cymbals                                    | drums
no loud drums                                        |
upright bass and sax                                 | upright bass, sax
double bass                                          | double bass
Rhodes, Hammond organ                                | rhodes, hammond organ
steel-string guitar                                  | steel string guitar
distorted electric guitar                            | distorted electric guitar
warm synth pads and a lead synth                     | synth pads, lead synth
bass drum and bass clarinet                          | bass drum, bass clarinet
two violins and celli                                | violins, celli
guitar, lead guitar                                  | lead guitar
lofi beat                                            | beat
lofi beat, no drums                                  | no drums
brass quintet                                        | trumpet, french horn, trombone, tuba
flute-like sounds                                    |
no strings attached                                  |
bells and whistles                                   |
playing second fiddle                                |
drum and bass, 174 bpm                               | 174 bpm
synth-pop                                            |
singer-songwriter tune                               |
synth voice in the key of D minor                    | D minor; synth voice
on every beat                                        |
rainy evening in Paris                               |
the end of a long journey                            |
"""
ROWS = [tuple(map(str.strip, line.split("|"))) for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("prompt", "stated"), ROWS)
def test_what_is_stated_and_nothing_else(summary, prompt, stated):
    assert summary(parse_prompt(prompt)) == stated
    assert summary(parse_prompt(f"  {prompt}\n")) == stated


@pytest.mark.parametrize(
    ("prompt", "first", "second"),
    [
        ("in 3/4 and 4/4", "3/4", "4/4"),
        ("6/8, in three", "6/8", "in three"),
        ("C major and D minor", "C major", "D minor"),
        ("in A minor, key of Am, A major", "Am", "A major"),
        ("drums only, no drums", "drums", "no drums"),
        ("piano and drums without percussion", "drums", "without percussion"),
        ("90 bpm, then 120 bpm", "90 bpm", "120 bpm"),
        ("slow and sad, very fast", "slow", "very fast"),
        ("one minute long, 90 seconds", "one minute", "90 seconds"),
        ("under 80 bpm, very fast", "under 80 bpm", "very fast"),
        ("8 bars, 16 bars long", "8 bars", "16 bars"),
    ],
)
def test_a_contradiction_names_both_phrases(prompt, first, second):
    with pytest.raises(ConfigError) as error:
        parse_prompt(prompt)
    assert repr(first) in str(error.value)
    assert repr(second) in str(error.value)


@pytest.mark.parametrize(
    "prompt", ["5 bpm", "900 bpm", "♩. = 300", "0 bars", "5000 bars", "90 minutes"]
)
def test_what_cannot_be_played_is_refused_with_the_range(prompt):
    limits = r"choose (a tempo from 20 to 340|1 to 1000 bars|at most 3600 seconds)"
    with pytest.raises(ConfigError, match=limits):
        parse_prompt(prompt)


def test_a_long_prompt_is_refused_with_the_limit():
    assert parse_prompt("a" * MAX_CHARACTERS) == PromptFacts()
    with pytest.raises(ConfigError, match="2,001 characters; shorten it to 2,000"):
        parse_prompt("a" * (MAX_CHARACTERS + 1))


def test_every_phrase_is_described_where_it_stands():
    prompt = "Slow solo cello in G♯ minor — 70 BPM, 3/4, 16 bars, no drums"
    chips = parse_prompt(prompt).chips
    assert [(label, value, span.text) for label, value, span in chips] == [
        ("tempo", "60-90 BPM", "Slow"),
        ("only", "nothing else plays", "solo "),
        ("instrument", "cello", "cello"),
        ("key", "G# minor", "G♯ minor"),
        ("tempo", "70 BPM", "70 BPM"),
        ("time signature", "3/4", "3/4"),
        ("bars", "16", "16 bars"),
        ("without", "drums", "no drums"),
    ]
    assert parse_prompt("house at 124\u2013128 bpm").tempo_range == (124, 128)
    assert all(prompt[span.start : span.end] == span.text for _, _, span in chips)


def test_forbidden_programs_are_taken_from_a_general_word():
    (guitar,) = parse_prompt("guitar, no electric guitar").instruments
    assert guitar.programs == (24, 25, 31)


def test_every_instrument_has_a_name_that_is_understood():
    for program, name in enumerate(EVERYDAY_NAMES):
        (stated,) = parse_prompt(f"music for {name}").instruments
        assert program in stated.programs


def test_tempo_words_are_the_bins_of_the_facts():
    for bpm in range(20, 340):
        facts = Facts(bpm=bpm)
        for word in (facts.tempo_word, facts.tempo_marking):
            low, high = TEMPO_RANGES[word]
            assert low <= bpm < high
    assert {*TEMPO_MARKINGS, *TEMPO_WORDS} <= set(TEMPO_RANGES)


captioned = st.builds(
    Facts,
    bpm=st.integers(20, 339),
    key=st.builds(Key, tonic=st.integers(0, 11), mode=st.sampled_from(["major", "minor"])),
    time_signature=st.sampled_from(["2/4", "3/4", "4/4", "6/8", "7/8", "2/2", "12/8", "3/8"]),
    instruments=st.lists(st.sampled_from(EVERYDAY_NAMES), min_size=1, max_size=5, unique=True).map(
        tuple
    ),
    num_bars=st.integers(1, 1000),
    seconds=st.floats(1, 900),
    notes_per_second=st.floats(0.1, 30),
    register=st.sampled_from(["", "low", "mid", "high"]),
    texture=st.sampled_from(["", "monophonic", "homophonic", "polyphonic"]),
    chords=st.sampled_from([(), ("Am", "F", "C", "G"), ("F#m7", "Bbsus4", "Em", "Dm7b5")]),
    performed=st.booleans(),
    genres=st.sampled_from([(), ("instrumental guitar rock",), ("classical",), ("8-bit",)]),
    form=st.sampled_from(["", "AABA", "ABCABC", "1-bar loop", "4-bar loop", "8-bar loop"]),
    forms=st.sampled_from([(), ("hymn",), ("waltz",), ("jig",), ("ballad",), ("lead sheet",)]),
    moods=st.sampled_from([(), ("happy",), ("tense",), ("sad",), ("calm",), ("soft",)]),
    composer=st.sampled_from(["", "Bach", "Rimsky-Korsakov"]),
)


def programs_called(names):
    return {p for p, name in enumerate(EVERYDAY_NAMES) if name in names}


@given(facts=captioned, seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_captions_are_understood_as_they_were_meant(facts, seed):
    played = programs_called(facts.instruments)
    for caption in write_captions(facts, 8, seed):
        stated = parse_prompt(caption)
        assert stated.bpm in (None, facts.bpm)
        assert stated.bpm or facts.performed or "bpm" not in caption.lower()
        low, high = stated.tempo_range or (0, 999)
        assert low <= facts.bpm < high
        assert stated.key in (None, facts.key)
        assert stated.key or not (" major" in caption or " minor" in caption)
        assert stated.time_signature in ("", facts.time_signature)
        assert stated.num_bars in (None, facts.num_bars)
        assert stated.num_bars or not (" bars" in caption or "measures" in caption)
        assert (
            stated.seconds is None or abs(stated.seconds - facts.seconds) < 3 + 0.1 * facts.seconds
        )
        for instrument in stated.instruments:
            assert played & set(instrument.programs)
        for instrument in stated.absent:
            assert not played & set(instrument.programs)
        assert not stated.exclusive or len(facts.instruments) == 1


def test_an_instrument_that_a_caption_names_is_understood():
    for name, words in INSTRUMENTS.items():
        for word in words:
            (stated,) = parse_prompt(f"A song with {word}.").instruments
            assert programs_called({name}) & set(stated.programs)


SCRAPS = """no without solo only in key of A b flat minor major Am bars 3/4 120 bpm and or , . -
hundred five ♩ = ♭ İ -> then to I V vi - ½ 1/2 minutes 3:45 64 beats speed up ritardando chords
don't want leave out : ? thanks blues scale dorian dó maior a-Moll イ短調 ドラム なし 分の 3拍子
降E大调 sin y"""
scraps = st.sampled_from([*SCRAPS.split(), "\0", *sorted({*INSTRUMENT_GROUPS, *TEMPO_RANGES})])


@given(text=st.text(max_size=300) | st.lists(scraps, max_size=40).map(" ".join))
@example("no drums or drums")
@example("½ bars ² bpm ١٢٠ bpm")
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(text):
    try:
        facts = parse_prompt(text)
    except ConfigError:
        return
    for _, _, span in facts.chips:
        assert text[span.start : span.end] == span.text


@pytest.mark.parametrize(
    "text",
    [
        " ".join(["a b"] * 250),
        "A slow piano waltz with no loud, big drums in G or so and one hundred sheep " * 26,
        "one hundred " * 166,
        "C " * 999,
        "no " * 666,
        " " * 1999,
    ],
    ids=["letters", "prose", "numbers", "chords", "negations", "spaces"],
)
def test_reading_time_grows_no_faster_than_the_text(text):
    """An expression that tries every way to match takes 16 times as long for four times the text,
    or more."""
    whole = text[:MAX_CHARACTERS]
    part = whole[: MAX_CHARACTERS // 4]
    seconds = {whole: [], part: []}
    for _ in range(7):
        for read, times in seconds.items():
            started = time.process_time()
            parse_prompt(read)
            times.append(time.process_time() - started)
    assert min(seconds[whole]) < 6 * min(seconds[part])
