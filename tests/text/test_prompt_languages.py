"""Words of other languages for instruments, keys, tempi, time signatures and lengths."""

import pytest

from amadeus.text.prompt import parse_prompt

# ruff: noqa: E501, RUF001
TABLE = """
Klavier in a-Moll, langsam, ohne Schlagzeug               | 60-90; A minor; piano; no drums
ein schneller Walzer für Geige in Es-Dur, 16 Takte        | 110-160; Eb major; 3/4; 16 bars; violin
Streichquartett in h-Moll im Dreivierteltakt              | B minor; 3/4; violin, viola, cello
nur Gitarre, keine Trommeln, B-Dur                        | Bb major; guitar; only; no drums
Flöte und Cello im 6/8-Takt, 90 Sekunden                  | 6/8; 90 s; flute, cello
Trompete, 120 Schläge pro Minute                          | 120 bpm; trumpet
piano en re menor a 60 ppm                                | 60 bpm; D minor; piano
un vals para guitarra en la menor, 32 compases            | A minor; 3/4; 32 bars; guitar
canción rápida sin batería                                | 110-160; no drums
cuarteto de cuerdas en mi bemol mayor, 2 minutos          | Eb major; 120 s; violin, viola, cello
violín y piano, muy lento                                 | 20-60; violin, piano
sólo piano                                                | piano; only
une valse lente pour accordéon en ré mineur               | 60-90; D minor; 3/4; accordion
piano et violon sans batterie, 90 secondes                | 90 s; piano, violin; no drums
guitare en fa dièse mineur, 6/8                           | F# minor; 6/8; guitar
flûte, rapide, 96 battements par minute, 12 mesures       | 96 bpm; 110-160; 12 bars; flute
un valzer per pianoforte e violino in la minore           | A minor; 3/4; pianoforte, violin
chitarra e batteria, molto veloce, senza contrabbasso     | 160-340; guitar, drums; no double bass
fisarmonica, 16 battute, sol maggiore                     | G major; 16 bars; accordion
uma valsa para violão em dó maior                         | C major; 3/4; acoustic guitar
samba rápido sem bateria, 24 compassos                    | 110-160; 4/4; 24 bars; no drums
piano e flauta, devagar, si bemol menor                   | 60-90; Bb minor; piano, flute
ピアノのワルツ、イ短調、ゆっくり                          | 60-90; A minor; 3/4; piano
変ホ長調の弦楽四重奏 4分の3拍子 16小節                    | Eb major; 3/4; 16 bars; violin, viola, cello
ドラムなし、ギターとベース、120BPM                        | 120 bpm; guitar, bass; no drums
ピアノだけ、3分30秒                                       | 210 s; piano; only
四拍子、速い、嬰ヘ短調                                    | 110-160; F# minor; 4/4
钢琴曲，A小调，慢速，没有鼓                               | 60-90; A minor; piano; no drums
小提琴和大提琴，降E大调，四三拍，32小节                   | Eb major; 3/4; 32 bars; violin, cello
快速的吉他音乐，2分钟                                     | 110-160; 120 s; guitar
只有钢琴                                                  | piano; only
guitarra sem bateria                                      | guitar; no drums
guitarra sin batería                                      | guitar; no drums
during lent, a slow organ piece                           | 60-90; organ
a sin of omission, with piano                             | piano
sotto voce strings and basso continuo                     | strings, harpsichord, cello
Rapsodia in E minor per chitarra                          | E minor; guitar
"""
ROWS = [tuple(map(str.strip, line.split("|"))) for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("prompt", "stated"), ROWS)
def test_words_of_other_languages(summary, prompt, stated):
    assert summary(parse_prompt(prompt)) == stated


def test_phrases_are_shown_as_they_were_written():
    prompt = "piano en re menor, sin batería"
    chips = parse_prompt(prompt).chips
    assert [(c.label, c.value, c.span.text) for c in chips] == [
        ("instrument", "piano", "piano"),
        ("key", "D minor", "re menor"),
        ("without", "drums", "sin batería"),
    ]
    assert all(prompt[c.span.start : c.span.end] == c.span.text for c in chips)
