import re

import numpy as np
import pytest

from amadeus.music.audio import soundfont_path
from amadeus.music.midi import write_midi
from amadeus.music.score import CONTROL_DTYPE, Score, Tempo, Track, make_notes

pytestmark = pytest.mark.slow

CONTROLS = "button|link|textbox|searchbox|combobox|slider|checkbox|spinbutton|dialog|group|img"
NAMELESS = re.compile(rf"^\s*- ({CONTROLS})(?! \")(?: \[[^\]]*\])*:?$", re.MULTILINE)


@pytest.fixture
def opened(open_studio, fixtures):
    """A studio with a real piece, dropped on it."""
    studio = open_studio()
    drop(studio, fixtures / "string_quartet.mid")
    studio.finish()
    return studio


def drop(studio, path):
    """Drop a file on the page, as from a file manager."""
    data = studio.page.evaluate_handle(
        """([bytes, name]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name));
            return transfer;
        }""",
        [list(path.read_bytes()), path.name],
    )
    for event in ("dragover", "drop"):
        studio.page.dispatch_event("body", event, {"dataTransfer": data})


def test_a_dropped_file_is_opened(opened):
    opened.picture("dropped")
    assert opened.js("amadeus.state.piece.about.kind") == "import"
    assert opened.js("amadeus.state.piece.about.title") == "string_quartet"
    assert opened.js("amadeus.state.piece.notes.length") > 100


def test_a_file_that_is_not_music_is_refused_with_a_message(open_studio, tmp_path):
    studio = open_studio(faults=("422",))
    wrong = tmp_path / "wrong.mid"
    wrong.write_bytes(b"no music")
    drop(studio, wrong)
    studio.page.wait_for_selector(".notice.error")
    other = tmp_path / "letter.txt"
    other.write_text("Dear")
    drop(studio, other)
    notice = studio.page.locator(".notice.error", has_text="letter.txt")
    notice.wait_for()
    assert ".mid" in notice.inner_text()


def test_playing_is_audible_and_muting_silences_it(opened):
    opened.page.keyboard.press("Space")
    assert opened.peak() > 0.01
    opened.page.keyboard.press("Space")
    assert any(opened.peak(0.5) < 0.003 for _ in range(20))  # the last notes fade away
    first = opened.page.locator("#tracks .track").first
    for row in opened.page.locator("#tracks .muted").all():
        row.click()
    opened.page.keyboard.press("Home")
    opened.page.keyboard.press("Space")
    assert opened.peak() < 0.003
    first.get_by_role("button", name="Solo").click()
    opened.page.keyboard.press("Home")
    assert opened.peak(3) > 0.01


def test_a_note_that_begins_after_a_pause_ends(opened):
    """The sound lags behind, so that a note begins later than any timer of the pause."""
    opened.js(
        "amadeus.player.play().then(() => { amadeus.player.pause();"
        " amadeus.synth.context.suspend();"
        " setTimeout(() => amadeus.synth.context.resume(), 600); })"
    )
    opened.page.wait_for_timeout(1000)
    assert any(opened.peak(0.5) < 0.003 for _ in range(8))


@pytest.mark.parametrize("is_down", [True, False])
def test_a_pedal_holds_what_is_played(open_studio, tmp_path, is_down):
    pedal = [(0, 64, 127), (1440, 64, 0)] if is_down else []
    organ = Track(
        16,
        make_notes([(0, 120, 60, 100), (2400, 120, 60, 100)]),
        controls=np.array(pedal, dtype=CONTROL_DTYPE),
    )
    studio = open_studio()
    drop(studio, write_midi(Score(480, (organ,), (Tempo(0, 60.0),)), tmp_path / "organ.mid"))
    studio.finish()
    studio.page.keyboard.press("Space")
    studio.until("amadeus.player.position > 1.5")
    held = studio.peak(0.4)
    assert held > 0.01 if is_down else held < 0.003
    studio.until("amadeus.player.position > 4.5")
    assert studio.peak(0.2) < 0.003
    studio.js("amadeus.player.seek(1)")
    studio.page.wait_for_timeout(700)
    assert studio.peak(0.2) < 0.003  # what is held began before


def test_reloading_fetches_no_sounds_again(opened):
    sizes = "performance.getEntriesByType('resource').filter((e) => e.name.includes('soundfont'))"
    opened.js("amadeus.synth.ready.then(() => true)")
    assert opened.js(sizes + ".map((e) => e.transferSize)")[0] > 1_000_000
    opened.page.reload()
    opened.js("amadeus.synth.ready.then(() => true)")
    assert opened.js(sizes + ".map((e) => e.transferSize)")[0] < 10_000


def test_a_selection_can_be_looped(opened):
    opened.page.keyboard.press("Shift+ArrowRight")
    opened.page.keyboard.press("Shift+ArrowRight")
    assert opened.js("amadeus.state.selection.bars") == [1, 2]
    opened.page.keyboard.press("l")
    end = opened.js("amadeus.state.piece.secondsAt(amadeus.state.piece.grid[1].end)")
    opened.js(f"amadeus.player.seek({end} - 0.4)")
    opened.page.keyboard.press("Space")
    opened.page.wait_for_timeout(1000)
    assert opened.js("amadeus.player.position") < end - 0.4


def test_every_control_has_a_name(opened):
    def check():
        nameless = NAMELESS.findall(opened.page.locator("body").aria_snapshot())
        assert nameless == []

    check()
    opened.page.keyboard.press("Control+a")
    check()
    for key, name in (("?", "shortcuts"), ("h", "library"), ("e", "export"), ("p", "part")):
        opened.page.keyboard.press(key)
        opened.page.wait_for_timeout(300)
        opened.picture(name)
        check()
        opened.page.keyboard.press("Escape")
        opened.page.wait_for_timeout(100)
    for chip in ("key", "tempo", "metre", "instruments", "form", "bars", "more"):
        opened.page.click(f'[data-chip="{chip}"]')
        check()
        opened.page.keyboard.press("Escape")


def test_the_keyboard_reaches_every_control_in_view(opened):
    controls = (
        "[...document.querySelectorAll('button, input, textarea, select, a[href]')]"
        ".filter((e) => e.checkVisibility() && !e.disabled && e.tabIndex >= 0).length"
    )
    expected, reached = opened.js(controls), set()
    for _ in range(expected + 5):
        opened.page.keyboard.press("Tab")
        reached.add(
            opened.js(
                "(() => { const e = document.activeElement; e.dataset.n ??= Math.random();"
                " return e === document.body ? '' : e.dataset.n; })()"
            )
        )
    assert len(reached - {""}) >= expected


def test_a_phone_scrolls_in_one_direction_only(open_studio, fixtures):
    studio = open_studio(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
    )
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert not studio.js(wide)
    studio.picture("phone-empty")
    drop(studio, fixtures / "game_band.mid")
    studio.finish()
    assert not studio.js(wide)
    studio.picture("phone")
    studio.page.locator(".track .name").first.tap()
    assert studio.page.locator("#rewrite").is_visible()
    assert not studio.js(wide)
    studio.picture("phone-selection")


def test_the_theme_follows_the_system_until_it_is_chosen(open_studio, fixtures):
    studio = open_studio(color_scheme="dark")
    theme = "document.documentElement.dataset.theme"
    assert studio.js(theme) == "dark"
    drop(studio, fixtures / "string_quartet.mid")
    studio.finish()
    studio.picture("dark")
    studio.page.click("#theme")
    assert studio.js(theme) == "light"
    studio.page.reload()
    assert studio.js(theme) == "light"


def test_a_piece_can_be_exported_in_every_format(opened):
    assert opened.export("midi")[:4] == b"MThd"
    assert opened.export("audio")[:4] == b"RIFF"
    assert opened.export("picture")[:4] == b"\x89PNG"
    opened.page.click("#export")
    has_score = "score" in opened.js("amadeus.state.info.files")
    assert opened.page.locator("[data-export=score]").count() == has_score
    if has_score:
        opened.page.keyboard.press("Escape")
        assert b"<score-partwise" in opened.export("score")


def test_sounds_are_those_of_the_rendered_audio(studio):
    answer = studio.page.request.get(f"{studio.address}/api/v1/soundfont")
    assert answer.body() == soundfont_path().read_bytes()


def test_a_history_survives_a_restart(open_studio, start_server, fixtures, tmp_path):
    address, process = start_server(tmp_path)
    studio = open_studio(address=address)
    drop(studio, fixtures / "string_quartet.mid")
    piece = studio.finish()
    process.terminate()
    process.wait(60)
    again, _ = start_server(tmp_path)
    studio = open_studio(f"#{piece}", address=again)
    assert studio.finish() == piece


def test_an_unreachable_server_is_reported(open_studio, start_server, tmp_path):
    address, process = start_server(tmp_path)
    studio = open_studio(address=address, faults=("ERR_CONNECTION_REFUSED",))
    process.terminate()
    process.wait(60)
    studio.page.fill("#prompt", "a waltz")
    studio.page.press("#prompt", "Enter")
    notice = studio.page.wait_for_selector(".notice.error")
    assert "amadeus serve" in notice.inner_text()


def test_a_server_that_stops_while_composing_is_reported(open_studio, start_server, tmp_path):
    address, process = start_server(tmp_path)
    studio = open_studio(address=address, faults=("ERR_", "Failed to load"))
    studio.page.fill("#prompt", "a symphony, 300 bars")
    studio.page.press("#prompt", "Enter")
    studio.until("amadeus.state.piece?.notes.length > 5")
    process.kill()
    process.wait(60)
    notice = studio.page.wait_for_selector(".notice.error")
    assert "amadeus serve" in notice.inner_text()
    studio.until("amadeus.state.job === null")
