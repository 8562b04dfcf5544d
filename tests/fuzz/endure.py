"""Takes mutants through reading, writing, captions, pictures, sheet music, sound and composing.

Run as `python endure.py FOLDER FIRST LAST STEP`, in a process of its own, because a mutant may end
it or ask for more memory than it may have. FOLDER: for the files that are made. Prints a line of
JSON for every mutant that does not end as it should, and writes the one at work into FOLDER/seed.
"""

from __future__ import annotations

import json
import signal
import sys
import traceback
import warnings
from pathlib import Path
from xml.parsers import expat

from mutants import mutant

from amadeus.errors import AmadeusError
from amadeus.inference.composer import Composer, load_model
from amadeus.music.audio import write_audio
from amadeus.music.midi import encode_midi, read_midi
from amadeus.music.picture import draw_piano_roll
from amadeus.music.score import Score
from amadeus.music.sheet.musicxml import to_musicxml
from amadeus.text.captioner import write_captions
from amadeus.text.facts import measure

MEMORY = 3 * 2**29
"""Bytes of address space, 1.5 GiB."""
SECONDS = 60
"""Of processor time that one mutant may take."""
TURNS = 6
"""Of so many mutants one is drawn, one played, one continued by a bar, and the other three are
written as sheet music; every one is read, written, read again and put into words."""
FIXTURES = sorted((Path(__file__).parents[1] / "fixtures").glob("*.mid"))


class TooLong(BaseException):
    """No error that anything but this file would catch."""


def main(folder: Path, first: int, last: int, step: int) -> None:
    originals = [path.read_bytes() for path in FIXTURES]
    composer = load_model("amadeus-small", words=False)
    _limit_memory()
    warnings.simplefilter("error")
    for seed in range(first, last, step):
        (folder / "seed").write_text(str(seed))
        data = mutant(originals[seed % len(originals)], seed)
        try:
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            _endure(data, seed, folder, composer)
        except (Exception, TooLong) as error:
            _report(seed, "".join(traceback.format_exception(error)[-12:]))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def _endure(data: bytes, seed: int, folder: Path, composer: Composer) -> None:
    """Whatever can be made of a mutant; only an AmadeusError of one line may come in between."""
    score = _or_refused(lambda: read_midi(data))
    if score is None:
        return
    written = _or_refused(lambda: encode_midi(score))
    if written is not None:
        assert _notes(read_midi(written)) == _notes(score), "read again, the notes are others"
    _or_refused(lambda: write_captions(measure(score), 2, seed))
    turn = seed // len(FIXTURES) % TURNS
    if turn == 0:
        _or_refused(lambda: draw_piano_roll(score, folder / "picture.png", "A mutant"))
    elif turn == 1:
        _or_refused(lambda: write_audio(score, folder / "sound.wav", 8000))
    elif turn == 2:
        if written is None:
            return
        longer = _or_refused(lambda: composer.continue_score(score, bars=1, notes=24, seed=seed))
        if longer is not None:
            encode_midi(longer)
    else:
        sheet = _or_refused(lambda: to_musicxml(score, "A mutant"))
        if sheet is not None:
            expat.ParserCreate().Parse(sheet, True)


def _or_refused(make):
    """What it returns, or None if that is refused."""
    try:
        return make()
    except AmadeusError as error:
        said = str(error)
        assert said.strip(), "an error without a word"
        assert said.isprintable(), f"an error of more than a line: {said!r}"
        return None


def _notes(score: Score) -> list[tuple]:
    return sorted(
        (*note, -1 if track.is_drum else track.program)
        for track in score.tracks
        for note in track.notes.tolist()
    )


def _report(seed: int, said: str) -> None:
    print(json.dumps({"seed": seed, "said": said}), flush=True)


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _ring(*_: object) -> None:
    raise TooLong(f"it took more than {SECONDS} seconds of processor time")


if __name__ == "__main__":
    signal.signal(signal.SIGPROF, _ring)
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
