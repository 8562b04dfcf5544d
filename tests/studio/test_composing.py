import json
import os
import statistics
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

WALTZ = "a slow piano waltz in A minor, 24 bars"


def test_notes_are_drawn_and_heard_before_composing_has_ended(studio):
    studio.picture("empty")
    studio.js(
        "new PerformanceObserver((list) => {"
        "  if (list.getEntriesByName('first-note-drawn').length)"
        "    globalThis.composingWhenDrawn = amadeus.state.job !== null;"
        "}).observe({ type: 'mark' })"
    )
    studio.write(WALTZ)
    studio.page.press("#prompt", "Enter")
    studio.until("globalThis.composingWhenDrawn !== undefined")
    assert studio.js("composingWhenDrawn")
    studio.picture("composing")
    studio.until("performance.getEntriesByName('first-sound').length > 0")
    studio.finish()
    piece = studio.js("({...amadeus.state.piece.about})")
    assert (piece["metre"], piece["bars"]) == ("3/4", 24)
    assert studio.js("amadeus.state.piece.notes.length") == piece["notes"]


def test_the_streamed_piece_equals_the_stored_piece(studio):
    studio.write("flute and guitar in 6/8, D major, 4 bars")
    studio.js(
        "amadeus.state.addEventListener('piece', () => {"
        "  if (amadeus.state.piece.id === null) globalThis.streamed = amadeus.state.piece; })"
    )
    studio.page.press("#prompt", "Enter")
    studio.until("amadeus.state.job !== null")
    studio.finish()
    fields = "[n.onset, n.duration, n.pitch, n.program].join()"
    shown = f"(p) => p.notes.map((n) => {fields}).sort().join(';')"
    assert studio.js(f"({shown})(streamed) === ({shown})(amadeus.state.piece)")
    seconds = "(p) => p.notes.at(-1).onset_seconds - p.secondsAt(p.notes.at(-1).onset)"
    assert abs(studio.js(f"({seconds})(streamed)")) < 1e-3
    assert abs(studio.js(f"({seconds})(amadeus.state.piece)")) < 1e-3


def test_chips_show_the_parsed_prompt_and_can_be_set(studio):
    studio.write("a waltz for piano in A minor, 4 bars")
    chip = studio.page.locator('[data-chip="key"]')
    assert chip.get_attribute("aria-label") == "Key: A minor, from the prompt"
    chip.click()
    studio.picture("chip")
    studio.page.locator(".popover select").nth(0).select_option("D")
    studio.page.locator(".popover select").nth(1).select_option("dorian")
    studio.page.get_by_role("button", name="Set", exact=True).click()
    assert chip.get_attribute("aria-label") == "Key: D dorian, set by hand"
    studio.page.press("#prompt", "Enter")
    studio.until("amadeus.state.job !== null")
    studio.finish()
    settings = studio.js("amadeus.state.piece.about.settings")
    assert "key: D dorian" in settings["constraints"]
    assert "time signature: 3/4" in settings["constraints"]
    assert not any("A minor" in constraint for constraint in settings["constraints"])
    dorian = {2, 4, 5, 7, 9, 11, 0}
    assert set(studio.js("amadeus.state.piece.notes.map((n) => n.pitch % 12)")) <= dorian


def test_a_time_signature_and_a_form_set_by_hand_replace_those_of_the_prompt(studio):
    studio.write("a piano waltz in ABAB form, 8 bars")
    form, metre = (studio.page.locator(f'[data-chip="{name}"]') for name in ("form", "metre"))
    assert form.get_attribute("aria-label") == "Form: A B A B, from the prompt"
    form.click()
    studio.page.locator(".popover input").fill("A:2 B:2 A:4")
    studio.page.get_by_role("button", name="Set", exact=True).click()
    metre.click()
    studio.page.locator(".popover select").select_option("4/4")
    studio.page.get_by_role("button", name="Set", exact=True).click()
    studio.page.press("#prompt", "Enter")
    studio.until("amadeus.state.job !== null")
    studio.finish()
    constraints = studio.js("amadeus.state.piece.about.settings")["constraints"]
    assert sorted(c for c in constraints if "form" in c) == ["form: A:2 B:2 A:4"]
    assert not any("3/4" in constraint for constraint in constraints)
    assert studio.js("amadeus.state.piece.bars.length") == 8


def test_a_contradiction_is_shown_before_composing(open_studio):
    studio = open_studio(faults=("422",))
    studio.write("in A minor, in C# major")
    problem = studio.page.locator("#problem").inner_text()
    assert "A minor" in problem
    assert "C# major" in problem
    studio.page.press("#prompt", "Enter")
    studio.page.wait_for_selector(".notice.error")
    studio.picture("contradiction")
    assert studio.js("amadeus.state.job") is None


def test_a_new_request_replaces_the_running_one(studio):
    studio.write("a march, 100 bars")
    studio.page.press("#prompt", "Enter")
    for bars in (90, 2):
        studio.page.fill("#prompt", f"a piano waltz in C major, {bars} bars")
        studio.page.press("#prompt", "Enter")
    studio.until("amadeus.state.piece?.about.bars === 2 && amadeus.state.job === null")
    assert studio.page.locator(".notice.error").count() == 0


def test_escape_stops_composing(studio):
    studio.write("a long symphony for orchestra, 200 bars")
    studio.page.press("#prompt", "Enter")
    studio.until("amadeus.state.piece?.notes.length > 3")
    studio.page.keyboard.press("Escape")
    studio.until("amadeus.state.job === null")
    assert studio.js("amadeus.state.piece") is None
    assert studio.page.locator(".welcome").is_visible()


def test_times_to_the_first_note_and_sound_are_recorded(studio):
    """Records medians of five; what they are depends on the machine.

    Some pieces begin with a rest, which nobody waits for in vain: also without it.
    """
    runs = []
    for _ in range(5):
        studio.until("amadeus.synth.peak < 1e-5")  # the last run has died away
        studio.js("performance.clearMarks()")
        studio.write("a slow piano waltz in A minor, 2 bars")
        studio.page.press("#prompt", "Enter")
        studio.until("performance.getEntriesByName('first-sound').length > 0")
        studio.finish()
        studio.js("amadeus.player.pause()")
        marks = "Object.fromEntries(performance.getEntriesByType('mark').toReversed()"
        marks = studio.js(marks + ".map((m) => [m.name, m.startTime]))")
        run = {name: marks[name] - marks["asked"] for name in marks}
        rest = 1000 * studio.js("amadeus.state.piece.notes[0].onset_seconds")
        runs.append(run | {"first-sound-without-rest": run["first-sound"] - rest})
    medians = {name: round(statistics.median(run[name] for run in runs)) for name in runs[0]}
    print(f"\nmilliseconds from Enter, medians of 5: {medians}")
    assert 0 < medians["first-note-received"] <= medians["first-note-drawn"]
    assert medians["first-note-received"] <= medians["first-sound"]
    if folder := os.environ.get("AMADEUS_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / "times.json").write_text(json.dumps(medians) + "\n")
