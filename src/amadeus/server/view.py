"""A score as JSON, for drawing and playing it, and its summary."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from amadeus.music.chords import chord_name
from amadeus.music.grid import GRID, bars_of, clip_bars
from amadeus.music.instruments import DRUMS, everyday_name
from amadeus.music.keys import estimate_key
from amadeus.music.performance import BarLine, PlayedNote
from amadeus.music.score import Chord, Score, Tempo, Track
from amadeus.server import models
from amadeus.text.facts import first_bpm

SUSTAIN = 64
"""The control change of the sustain pedal."""


def name_of(program: int, is_drum: bool) -> str:
    """Everyday name of an instrument."""
    return everyday_name(DRUMS if is_drum else program)


def note_event(note: PlayedNote) -> models.Note:
    """The event of a note that has just been composed."""
    return models.Note(
        onset=note.onset_ticks / GRID,
        duration=note.duration_ticks / GRID,
        instrument=name_of(note.program, note.is_drum),
        tempo=note.bpm,
        **{k: v for k, v in asdict(note).items() if k in models.Note.model_fields},
    )


def bar_event(bar: BarLine) -> models.Bar:
    """The event of a bar that has just started."""
    return models.Bar(
        bar=bar.bar,
        onset=bar.onset_ticks / GRID,
        onset_seconds=bar.onset_seconds,
        metre=bar.metre,
        tempo=bar.bpm,
    )


def summary_of(score: Score, profile: models.PieceProfile | None = None) -> models.Summary:
    """Summary of a piece. profile: the profile it was composed with."""
    bars = clip_bars(score)
    key = estimate_key(score)
    names = [name_of(t.program, t.is_drum) for t in score.tracks if len(t.notes)]
    return models.Summary(
        bars=len(bars),
        notes=score.num_notes,
        seconds=round(score.seconds, 3),
        tempo=round(first_bpm(score), 3),
        metre=str(bars.time_signatures[0]),
        key=str(key) if key else None,
        instruments=list(dict.fromkeys(names)),
        profile=profile,
        notices=list(score.notices),
    )


def notes_of(piece: str, score: Score) -> models.PieceNotes:
    """All notes and other events of a piece."""
    ticks = score.ticks_per_quarter
    bars = clip_bars(score)
    notes = [note for i, track in enumerate(score.tracks) for note in _notes(score, i, track)]
    bar_seconds = score.ticks_to_seconds(bars.onset_ticks).tolist()
    bar_tempos = _in_force(score.tempos, bars.onset_ticks)
    return models.PieceNotes(
        piece=piece,
        quarters=score.end_ticks / ticks,
        seconds=score.seconds,
        tracks=[
            models.TrackInfo(
                track=i, name=track.name, program=0 if track.is_drum else track.program,
                is_drum=track.is_drum, instrument=name_of(track.program, track.is_drum),
                notes=len(track.notes),
            )
            for i, track in enumerate(score.tracks)
        ],
        notes=sorted(notes, key=lambda note: note.onset),
        bars=[
            models.Bar(
                bar=i + 1, onset=onset / ticks, onset_seconds=bar_seconds[i],
                quarters=int(bars.length_ticks[i]) / ticks,
                metre=str(bars.time_signatures[bars.metre[i]]),
                tempo=score.tempos[bar_tempos[i]].bpm if score.tempos else 120.0,
            )
            for i, onset in enumerate(bars.onset_ticks.tolist())
        ],
        tempos=[
            models.TempoChange(onset=t.onset_ticks / ticks, onset_seconds=_at(score, t), bpm=t.bpm)
            for t in score.tempos
        ],
        chords=[
            models.ChordChange(
                onset=c.onset_ticks / ticks, onset_seconds=_at(score, c),
                chord="" if c.root is None else chord_name(c),
            )
            for c in score.chords
        ],
        pedals=[pedal for voice in _voices(score).values() for pedal in _pedals(score, voice)],
    )  # fmt: skip


def _voices(score: Score) -> dict[tuple[int, bool], list[Track]]:
    """The tracks of each instrument."""
    voices: dict[tuple[int, bool], list[Track]] = {}
    for track in score.tracks:
        voices.setdefault((0 if track.is_drum else track.program, track.is_drum), []).append(track)
    return voices


def _pedals(score: Score, tracks: list[Track]) -> list[models.Pedal]:
    """The sustain pedal of an instrument: the furthest down of all its tracks."""
    moves = [
        (onset, index, value)
        for index, track in enumerate(tracks)
        for onset, number, value in track.controls.tolist()
        if number == SUSTAIN
    ]
    moves.sort(key=lambda move: move[0])
    seconds = score.ticks_to_seconds(np.array([onset for onset, _, _ in moves])).tolist()
    positions, pedals = [0] * len(tracks), []
    for (onset, index, value), at in zip(moves, seconds, strict=True):
        before, positions[index] = max(positions), value
        if max(positions) != before:
            pedals.append(
                models.Pedal(
                    onset=onset / score.ticks_per_quarter, onset_seconds=at, value=max(positions),
                    program=0 if tracks[0].is_drum else tracks[0].program,
                    is_drum=tracks[0].is_drum,
                )
            )  # fmt: skip
    return pedals


def _notes(score: Score, index: int, track: Track) -> list[models.Note]:
    ticks, notes = score.ticks_per_quarter, track.notes
    onsets = notes["onset_ticks"]
    ends = onsets + notes["duration_ticks"]
    starts = score.ticks_to_seconds(onsets)
    lengths = score.ticks_to_seconds(ends) - starts
    tempos = _in_force(score.tempos, onsets)
    chords = _in_force(score.chords, onsets)
    return [
        models.Note(
            onset=onset / ticks, duration=duration / ticks, onset_seconds=start,
            duration_seconds=length, pitch=pitch, velocity=velocity,
            program=0 if track.is_drum else track.program, is_drum=track.is_drum,
            instrument=name_of(track.program, track.is_drum), bar=bar + 1,
            chord=_chord(score.chords, chord), track=index,
            tempo=score.tempos[tempo].bpm if score.tempos else 120.0,
        )
        for onset, duration, pitch, velocity, start, length, bar, tempo, chord in zip(
            *(notes[name].tolist() for name in ("onset_ticks", "duration_ticks", "pitch",
                                                "velocity")),
            starts.tolist(), lengths.tolist(), bars_of(score).index_at(onsets).tolist(),
            tempos, chords, strict=True,
        )
    ]  # fmt: skip


def _in_force(events: tuple[Tempo, ...] | tuple[Chord, ...], ticks: np.ndarray) -> list[int]:
    """Index of the event in force at each position; -1 before the first chord, [N]."""
    onsets = [event.onset_ticks for event in events]
    indices = np.searchsorted(onsets, ticks, side="right") - 1
    return indices.tolist()


def _chord(chords: tuple[Chord, ...], index: int) -> str:
    return "" if index < 0 or chords[index].root is None else chord_name(chords[index])


def _at(score: Score, event: Tempo | Chord) -> float:
    return float(score.ticks_to_seconds(np.array([event.onset_ticks]))[0])
