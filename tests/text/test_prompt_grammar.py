"""The grammar of prompts as musicians write them, phrase by phrase."""

import pytest

from amadeus.text.prompt import parse_prompt

# ruff: noqa: E501, RUF001
TABLE = """
Tempo ♩=120                                          | 120 bpm
crotchet = 90                                        | 90 bpm
quaver = 120                                         | 60 bpm
dotted crotchet = 60                                 | 90 bpm
minim = 72                                           | 144 bpm
♩ = c. 96                                            | 96 bpm
♩ = 96-104                                           | 96-104
quarter note equals 110                              | 110 bpm
at around 100 BPM                                    | 100 bpm
approx. 85 bpm, ~85bpm                               | 85 bpm
tempo of about 76                                    | 76 bpm
M.M. = 66                                            | 66 bpm
@ 140bpm                                             | 140 bpm
BPM 120 - 130                                        | 120-130
120 – 130 bpm                                        | 120-130
from 90 to 140 bpm                                   | 90-140
under 100 bpm                                        | 20-100
no faster than 80 BPM                                | 20-80
at least 140 bpm                                     | 140-340
140+ bpm                                             | 140-340
160 bpm or faster                                    | 160-340
96 bpm, not 120 bpm                                  | 96 bpm
128 qpm                                              | 128 bpm
140 bpm with a half-time feel                        | 140 bpm
double time                                          |
two hundred and ten beats per minute                 | 210 bpm
allegro ma non troppo                                | 110-140
allegro moderato                                     | 90-140
andantino                                            | 70-90
molto vivace                                         | 140-160
adagio sostenuto                                     | 60-70
lento assai                                          | 40-60
larghetto                                            | 60-70
langsam                                              | 60-90
non troppo allegro                                   |
neither fast nor slow                                |
not particularly fast                                |
a fast punk song with a slow intro                   | 110-160; 4/4
starts slow, ends fast                               |
slow at first                                        |
medium swing                                         | 90-110
slowly evolving textures                             |
played slowly, gently                                |
gently, slowly                                       | 60-90
F# min                                               | F# minor
in Am                                                | A minor
a slow Cm groove                                     | 60-90; C minor
key of C                                             | C major
Key: D                                               | D major
KEY OF E MINOR                                       | E minor
IN C MINOR                                           | C minor
A-flat major                                         | Ab major
Csharp minor                                         | C# minor
C dorian                                             |
in D, dorian mode                                    |
D mixolydian groove with bass                        | bass
E phrygian dominant on oud                           | oud
dorian mode in D                                     |
in the key of G lydian                               |
A aeolian                                            | A minor
C ionian                                             | C major
the relative minor                                   |
anything but C major                                 |
in D minor, not D major                              | D minor
blues in E                                           | E major
horn in F and clarinet in A                          | horn, clarinet
trumpet in Bb minor                                  | Bb minor; trumpet
a Bb clarinet                                        | clarinet
C minor third                                        |
E minor seventh chords                               |
changing keys                                        |
major and minor keys                                 |
in 3, gently                                         | 3/4
in 4 with piano                                      | 4/4; piano
3 4 time                                             | 3/4
three four time                                      | 3/4
four-four time                                       | 4/4
not in 4/4                                           |
in 5/4 instead of 4/4                                | 5/4
triple meter                                         | 3/4
a minuet                                             | 3/4
an Irish jig                                         | 6/8
a slip jig for fiddle                                | 9/8; fiddle
a polka for accordion                                | 2/4; accordion
waltz-like minuet and polka                          |
a mazurka in 3/8                                     | 3/8
a sarabande                                          | 3/4
a siciliana                                          | 6/8
a bossa nova                                         | 4/4
Samba!                                               | 4/4
hip-hop                                              | 4/4
a wedding march                                      | 4/4
marches                                              | 4/4
hard rock                                            | 4/4
a rock waltz                                         | 3/4
a march in 6/8                                       | 6/8
a waltz, a polka and a march                         |
a reggae song, not in 4/4                            |
a rock song in 7                                     |
rock in 13/8                                         | 13/8
funk in odd time signatures                          |
progressive rock                                     |
no techno                                            |
not a tango                                          |
rock drums                                           | rock drums
a tango accordion                                    | tango accordion
a rainy evening in March                             |
a reel-to-reel tape                                  |
as in a trance                                       |
two four-bar phrases                                 |
sixteen bars                                         | 16 bars
32-bar AABA                                          | 32 bars
a 12-bar blues in E                                  | E major
16-bar loop                                          | 16 bars
built on a repeated four-bar loop                    |
a 4-bar loop repeated                                |
a verse of 8 bars                                    |
an 8-bar verse and an 8-bar chorus                   |
8 bars of intro                                      |
24 measures                                          | 24 bars
one minute long                                      | 60 s
a minute long                                        | 60 s
about a minute and a half at 114 bpm                  | 114 bpm; 90 s
half a minute                                        | 30 s
2 and a half minutes                                 | 150 s
2.5 minutes                                          | 150 s
30 seconds                                           | 30 s
a 30-second jingle                                   | 30 s
90 sec                                               | 90 s
3 min                                                | 180 s
2 minutes and 30 seconds                             | 150 s
length: 1:30                                         | 90 s
2:30 long                                            | 150 s
2 to 3 minutes                                       |
under 2 minutes                                      |
a 10 second intro                                    |
after 20 seconds                                     |
two second violins                                   | violins
the Minute Waltz                                     | 3/4
at 10:30 in the evening                              |
wait a minute                                        |
every minute counts                                  |
solo cello                                           | cello; only
a cappella choir                                     | choir; only
SATB choir                                           | choir
for soprano and piano                                | soprano, piano
soprano sax                                          | soprano sax
sax                                                  | sax
horns                                                | horns
guitar solo over piano                               | guitar, piano
for two flutes                                       | flutes
a lead sheet                                         |
808                                                  | 808
deep 808s and hi-hats                                | 808s, hi hats
beats                                                | beats
rhodes, keys                                         | rhodes
drums, bass and keys                                 | drums, bass, keys
piano trio                                           | piano, violin, cello
jazz trio                                            | piano, upright bass, drums
jazz trio with sax and double bass                   | piano, drums, sax, double bass
jazz trio: guitar, bass, drums                       | guitar, bass, drums
power trio                                           | electric guitar, electric bass, drums
rock band, no drums                                  | electric guitar, electric bass; no drums
woodwind quintet                                     | flute, oboe, clarinet, bassoon, french horn
sax quartet                                          | soprano sax, alto sax, tenor sax, baritone sax
string quartet and solo flute                        | violin, viola, cello, flute
big band                                             | trumpet, trombone, sax, piano, upright bass, drums
orchestra                                            | strings, flute, french horn, timpani
string orchestra                                     | string orchestra
orchestra hit                                        | orchestra hit
an orchestral theme                                  |
nothing electronic                                   |
no synths                                            | no synths
no vocals                                            | no vocals
neither drums nor bass                               | no drums, no bass
nothing except piano                                 | piano; only
no instruments but strings                           | strings; only
everything except drums                              | no drums
electric violin and viola da gamba                   | violin, viola
Hammond B3                                           | hammond b3
alto recorder                                        | alto recorder
slide guitar                                         | slide guitar
a piano roll                                         |
bass drop                                            |
baroque violin and basso continuo                    | violin, harpsichord, cello
"""
ROWS = [tuple(map(str.strip, line.split("|"))) for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("prompt", "stated"), ROWS)
def test_what_is_stated_and_nothing_else(summary, prompt, stated):
    assert summary(parse_prompt(prompt)) == stated


WHOLE = """
A wistful nocturne for solo piano in E flat minor, crotchet = 66, 48 bars.
 | 66 bpm; Eb minor; 48 bars; piano; only
Uplifting trance at 138 BPM in F# min with supersaw synth lead, sub bass and drums, 3 minutes
 | 138 bpm; F# minor; 4/4; 180 s; synth lead, sub bass, drums
A gentle bossa nova: nylon-string guitar, upright bass, shaker; 120-130 bpm; key of G; no piano
 | 120-130; G major; 4/4; nylon string guitar, upright bass, shaker; no piano
Medieval dance in D dorian for recorder, lute and tabor, not too fast, in three
 | 3/4; recorder, lute
32-bar AABA jazz standard in Bb, medium swing, tenor sax with piano trio
 | 90-110; Bb major; 32 bars; tenor sax, piano, violin, cello
Minimal techno, 126bpm, nothing but an 808 kit and a synth bass, no melody, sixteen bars
 | 126 bpm; 4/4; 16 bars; 808 kit, synth bass; only
Music box lullaby, andante, six-eight time, D flat major, about a minute long
 | 70-90; Db major; 6/8; 60 s; music box
a cappella choir, C minor, common time, Largo
 | 40-60; C minor; 4/4; choir; only
Twelve-bar blues shuffle in A with electric guitar, Hammond organ, bass and drums at 108
 | A major; electric guitar, hammond organ, bass, drums
Brass quintet fanfare, alla breve, allegro moderato, B-flat major, twenty-four measures
 | 90-140; Bb major; 2/2; 24 bars; trumpet, french horn, trombone, tuba
death metal, 220 bpm, drop D, distorted guitars, bass guitar, drums, no keyboards, no vocals
 | 220 bpm; distorted guitars, bass guitar, drums; no keyboards, no vocals
something for two flutes and harp, in C, nothing electronic, 90 seconds
 | C major; 90 s; flutes, harp
"""
LINES = WHOLE.strip().splitlines()
WHOLE_ROWS = [(p, s.strip(" |")) for p, s in zip(LINES[::2], LINES[1::2], strict=True)]


@pytest.mark.parametrize(("prompt", "stated"), WHOLE_ROWS)
def test_whole_prompts(summary, prompt, stated):
    assert summary(parse_prompt(prompt)) == stated
