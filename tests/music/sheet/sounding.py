"""What a MusicXML file sounds like, and how much of a score is in it."""

from bisect import bisect_left
from collections import defaultdict
from xml.etree import ElementTree

import numpy as np

from amadeus.music.sheet.musicxml import sheet_to_musicxml
from amadeus.music.sheet.resolution import QUARTER, SIXTY_FOURTH, TOLERANCE
from amadeus.music.sheet.sheet import sheet_of

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def sounding(musicxml):
    """Of each staff of each part, the notes: lists of [onset, end, pitch], ties joined.

    A grace note is a 64th before its main note, or takes a 64th from it; a chord is rolled within
    a 64th.
    """
    root = ElementTree.fromstring(musicxml)
    drums = {
        midi.get("id"): int(midi.findtext("midi-unpitched")) - 1
        for midi in root.iter("midi-instrument")
        if midi.find("midi-unpitched") is not None
    }
    found = []
    for part in root.iter("part"):
        staves = defaultdict(list)
        begin = 0
        open_ties = {}
        rolls = defaultdict(list)
        for measure in part.iter("measure"):
            now = end = begin
            graces = []
            onset = begin
            for element in measure:
                length = int(element.findtext("duration", "0"))
                if element.tag == "backup":
                    now -= length
                if element.tag != "note":
                    continue
                staff, voice = element.findtext("staff", "1"), element.findtext("voice")
                pitch = _pitch(element, drums)
                if (grace := element.find("grace")) is not None:
                    graces.append((pitch, "steal-time-following" in grace.attrib))
                    continue
                if element.find("chord") is None:
                    onset, now = now, now + length
                    delay = 0
                    for grace_pitch, is_on_beat in graces:
                        start = onset if is_on_beat else onset - SIXTY_FOURTH
                        delay = SIXTY_FOURTH * is_on_beat
                        staves[staff].append([start, start + SIXTY_FOURTH, grace_pitch])
                    graces = []
                end = max(end, now)
                if pitch is None:
                    continue
                ties = {tie.get("type") for tie in element.iter("tie")}
                key = staff, voice, pitch
                if "stop" in ties:
                    note = open_ties.pop(key)
                    assert note[1] == onset, "a tie joins notes without a gap"
                    note[1] = onset + length
                else:
                    note = [onset + delay, onset + length, pitch]
                    staves[staff].append(note)
                    if element.find("notations/arpeggiate") is not None:
                        rolls[staff, onset].append(note)
                if "start" in ties:
                    open_ties[key] = note
            begin = end
        assert not open_ties
        for roll in rolls.values():
            for number, note in enumerate(sorted(roll, key=lambda note: note[2])):
                note[0] += SIXTY_FOURTH * number // max(1, len(roll) - 1)
        found.append([staves[number] for number in sorted(staves)])
    return found


def _pitch(note, drums):
    if (instrument := note.find("instrument")) is not None:
        return drums[instrument.get("id")]
    if note.find("pitch") is None:
        return None
    alter = int(note.findtext("pitch/alter", "0"))
    return (
        12 * (int(note.findtext("pitch/octave")) + 1) + STEPS[note.findtext("pitch/step")] + alter
    )


def count_kept(score, tolerance=TOLERANCE):
    """How many pitched notes there are, and of how many the sheet music keeps onset and duration.

    An onset is kept if it is written within the tolerance, usually half a 64th, and a duration if
    it is at most a 64th longer or shorter. Swung eighths count as they are played, drums by their
    onset. Each written note counts once.
    """
    sheet = sheet_of(score)
    written = [notes for part in sounding(sheet_to_musicxml(sheet)) for notes in part]
    total = onsets = both = 0
    staves = [
        (part, *pair)
        for part, found in zip(sheet.parts, sheet.staves, strict=True)
        for pair in zip(part.staves, found, strict=True)
    ]
    for (part, played, staff), rows in zip(staves, written, strict=True):
        rows = np.array(rows).reshape(-1, 3)
        rows[:, :2] = staff.warp.swung(rows[:, :2])
        waiting = defaultdict(list)
        for onset, end, pitch in sorted(rows.tolist()):
            waiting[pitch].append((onset, end))
        for onset, duration, pitch, _ in played.tolist():
            total += 1
            options = waiting[pitch]
            first = bisect_left(options, (onset - tolerance - 1, 0))
            near = []
            while first < len(options) and options[first][0] <= onset + tolerance + 1:
                near.append(options[first])
                first += 1
            if near:
                best = min(near, key=lambda o: abs(o[1] - o[0] - duration))
                options.remove(best)
                onsets += 1
                both += part.is_drum or abs(best[1] - best[0] - duration) <= SIXTY_FOURTH + 1
    return total, onsets, both


__all__ = ["QUARTER", "TOLERANCE", "count_kept", "sounding"]
