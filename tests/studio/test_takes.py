import json
import urllib.request
from collections import Counter

import numpy as np
import pytest

from amadeus.music.grid import bars_of
from amadeus.music.midi import read_midi

pytestmark = pytest.mark.slow

PROMPT = "a calm piece for piano and cello in G major, 4/4, 6 bars"


@pytest.fixture(scope="module")
def piece(browser, served):
    """A piece to work on: its id."""
    request = urllib.request.Request(
        f"{served}/api/v1/jobs/compose",
        json.dumps({"prompt": PROMPT, "seed": 3}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        job = json.load(answer)["id"]
    with urllib.request.urlopen(f"{served}/api/v1/jobs/{job}/events") as events:
        end = events.read().decode().strip().split("data: ")[-1]
    return json.loads(end)["piece"]


@pytest.fixture
def studio(open_studio, piece):
    studio = open_studio(f"#{piece}")
    studio.finish()
    return studio


def notes_by_bar(midi):
    """Of each bar, its notes: program, step of the bar, pitch, velocity, in order."""
    score = read_midi(midi)
    starts = bars_of(score).onset_ticks
    bars = {}
    for track in score.tracks:
        for note in track.notes.tolist():
            bar = int(np.searchsorted(starts, note[0], side="right"))
            bars.setdefault(bar, []).append((track.program, *note))
    return {bar: sorted(notes) for bar, notes in bars.items()}


def test_two_bars_are_rewritten_and_the_others_stay(studio):
    before = notes_by_bar(studio.export("midi"))
    studio.select_bars(3, 4)
    assert studio.page.locator("#selection-text").inner_text() == "Bars 3\u20134, all instruments"
    studio.picture("selection")
    studio.page.click("#rewrite")
    studio.until("amadeus.state.job !== null")
    studio.finish()
    studio.picture("takes")
    after = notes_by_bar(studio.export("midi"))
    changed = {bar for bar in range(1, 7) if before.get(bar) != after.get(bar)}
    assert changed
    assert changed <= {3, 4}

    studio.page.keyboard.press("Control+z")
    studio.until("amadeus.state.piece.about.kind === 'compose'")
    assert notes_by_bar(studio.export("midi")) == before
    studio.page.keyboard.press("Control+Shift+z")
    studio.until("amadeus.state.piece.about.kind === 'edit'")
    assert notes_by_bar(studio.export("midi")) == after


def test_drafts_of_an_edit_are_shown_until_it_is_done(studio):
    studio.select_bars(3, 4)
    studio.page.click("#rewrite")
    studio.until("amadeus.state.job?.drafts.length > 0")
    studio.picture("drafts")
    assert set(studio.js("amadeus.state.job?.drafts.map((n) => n.bar) ?? [3]")) <= {3, 4}
    going = "amadeus.state.piece.notes.filter(amadeus.state.job?.changes ?? (() => false))"
    assert set(studio.js(f"{going}.map((n) => n.bar)")) <= {3, 4}
    studio.finish()
    assert studio.js("amadeus.state.piece.about.kind") == "edit"


def test_locked_attributes_stay(studio):
    before = read_midi(studio.export("midi"))
    studio.page.keyboard.press("Control+a")
    for name in ("rhythm", "length", "harmony", "dynamics"):
        studio.page.click(f"[data-lock={name}]")
    assert studio.page.locator("#rewrite").inner_text() == "Rewrite the rest"
    studio.page.click("#rewrite")
    studio.until("amadeus.state.job !== null")
    studio.finish()
    after = read_midi(studio.export("midi"))
    for old, new in zip(before.tracks, after.tracks, strict=True):
        for field in ("onset_ticks", "duration_ticks", "velocity"):
            assert sorted(old.notes[field].tolist()) == sorted(new.notes[field].tolist())
    assert any(
        old.notes["pitch"].tolist() != new.notes["pitch"].tolist()
        for old, new in zip(before.tracks, after.tracks, strict=True)
    )


NOTE = "`${n.onset} ${n.pitch} ${n.duration} ${n.velocity} ${n.instrument}`"
SELECTED = f"[...amadeus.state.selection.notes].map((n) => {NOTE})"
ALL = f"amadeus.state.piece.notes.map((n) => {NOTE})"


def place_of(note):
    """Onset and instrument."""
    onset, _, _, _, instrument = note.split()
    return onset, instrument


def test_only_the_selected_notes_are_rewritten(studio):
    x, y, bar = studio.js(
        "(() => { const n = amadeus.state.piece.notes.find((n) => n.instrument === 'cello');"
        "const g = amadeus.roll.geometry; return [g.x(n.onset) + 2, g.y(n.pitch) + g.rowHeight / 2,"
        " amadeus.state.piece.barAt(n.onset)]; })()"
    )
    studio.page.locator("#roll").click(position={"x": x, "y": y})
    description = studio.page.locator("#selection-text").inner_text()
    assert description == f"1 note, bar {bar}, cello"
    studio.drag_over_notes(3, 4)
    before, chosen = Counter(studio.js(ALL)), Counter(studio.js(SELECTED))
    assert 2 <= chosen.total() < before.total()
    studio.picture("notes")
    studio.page.click("#rewrite")
    studio.until("amadeus.state.job !== null")
    studio.finish()
    after, now = Counter(studio.js(ALL)), Counter(studio.js(SELECTED))
    assert before - chosen == after - now
    assert now != chosen
    assert Counter(map(place_of, now.elements())) == Counter(map(place_of, chosen.elements()))
    studio.picture("notes-redrawn")

    studio.page.keyboard.press("v")
    studio.until("amadeus.state.job !== null")
    studio.finish()
    varied = Counter(studio.js(ALL))
    assert varied != after
    assert after - now == varied - Counter(studio.js(SELECTED))


def test_a_lock_holds_for_selected_notes(studio):
    studio.drag_over_notes(1, 6)
    before = studio.js(ALL)
    studio.page.click("[data-lock=length]")
    assert studio.page.locator("[data-lock=rhythm]").get_attribute("aria-pressed") == "true"
    studio.page.click("#rewrite")
    studio.until("amadeus.state.job !== null")
    studio.finish()
    after = studio.js(ALL)
    assert after != before

    def but_melody_and_dynamics(note):
        onset, _, duration, _, instrument = note.split()
        return onset, duration, instrument

    assert Counter(map(but_melody_and_dynamics, after)) == Counter(
        map(but_melody_and_dynamics, before)
    )


def test_a_part_is_added(studio):
    studio.page.click("#add-part")
    studio.page.get_by_label("Instrument to add").fill("flute")
    studio.page.keyboard.press("Enter")
    studio.until("amadeus.state.job !== null")
    studio.finish()
    names = studio.page.locator("#tracks .text").all_inner_texts()
    assert sorted(names) == ["cello", "flute", "piano"]


def test_two_takes_are_compared_while_they_play(studio):
    studio.select_bars(1, 2)
    studio.page.keyboard.press("v")
    studio.until("amadeus.state.job !== null")
    second = studio.finish()
    studio.page.keyboard.press("Escape")
    studio.page.click("#play")
    studio.until("amadeus.player.position > 0.5")
    where = studio.js("amadeus.player.position")
    studio.page.keyboard.press("b")
    assert studio.js("amadeus.state.piece.id") != second
    assert studio.js("amadeus.player.isPlaying")
    assert abs(studio.js("amadeus.player.position") - where) < 1.0
    assert studio.page.locator("#swap .on").inner_text() == "A"
    studio.page.keyboard.press("b")
    assert studio.js("amadeus.state.piece.id") == second


def test_a_piece_is_continued(studio):
    studio.page.keyboard.press("c")
    studio.until("amadeus.state.job !== null")
    studio.finish()
    assert studio.js("amadeus.state.piece.about.bars") == 14
    assert studio.js("amadeus.state.piece.about.kind") == "continue"


def test_pieces_survive_reloading_and_can_be_renamed_and_starred(studio, piece):
    studio.page.reload()
    studio.finish()
    assert studio.js("amadeus.state.piece.id") == piece
    assert studio.page.input_value("#prompt") == PROMPT
    studio.page.keyboard.press("Escape")
    studio.page.click("#open-library")
    row = studio.page.locator(f'[data-piece="{piece}"]')
    row.get_by_role("button", name="Rename").click()
    row.get_by_role("textbox").fill("Evening")
    with studio.page.expect_response(lambda r: r.request.method == "PATCH"):
        studio.page.keyboard.press("Enter")
    with studio.page.expect_response(lambda r: r.request.method == "PATCH"):
        row.get_by_role("button", name="Star").click()
    studio.picture("pieces")
    studio.page.get_by_label("Starred", exact=True).check()
    studio.page.get_by_label("Search titles").fill("Even")
    studio.until("document.querySelectorAll('#library-list li').length === 1")
    assert "Evening" in row.inner_text()
