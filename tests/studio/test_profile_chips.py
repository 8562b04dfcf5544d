"""The profile of the next piece as chips."""

from dataclasses import replace

import pytest
import torch

from amadeus.model import PRESETS, Amadeus
from amadeus.model.checkpoint import save_checkpoint

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(start_server, tmp_path_factory):
    """Of a server of a nano model with profiles and random weights."""
    folder = tmp_path_factory.mktemp("profiles")
    model = Amadeus(replace(PRESETS["nano"], context=128)).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.05, generator=generator)
    save_checkpoint(model, folder / "nano", steps=0)
    return start_server(folder / "pieces", "--model", str(folder / "nano"))[0]


@pytest.fixture
def studio(open_studio, address):
    studio = open_studio(address=address)
    studio.write("a sad waltz in A minor, 2 bars")
    studio.until("document.querySelector('#profile .said') !== null")
    return studio


def chip(studio, name):
    return studio.page.locator(f'[data-profile="{name}"]')


def compose(studio):
    """The settings and the profile of a piece that is composed with what is shown."""
    studio.page.press("#prompt", "Enter")
    studio.until("amadeus.state.job !== null")
    studio.finish()
    about = studio.js("({...amadeus.state.piece.about})")
    return about["settings"], about["profile"]


def test_chips_show_the_profile_that_the_piece_is_composed_with(studio):
    assert chip(studio, "form").get_attribute("aria-label") == "form: waltz, from the prompt"
    filled = chip(studio, "chord size").get_attribute("aria-label")
    assert filled.endswith(", suggested by a real piece")
    assert chip(studio, "key").count() == 0, "the chips of the prompt say what holds"
    shown = studio.js("document.querySelector('[data-profile=\"chord size\"] .value').textContent")
    studio.picture("profile")
    _, profile = compose(studio)
    assert profile["stated"]["form"] == "waltz"
    assert profile["filled"]["chord size"] == f"{shown} notes"


def test_chips_are_set_removed_and_reset_by_keyboard(studio):
    press, page = studio.page.keyboard.press, studio.page
    chip(studio, "notes per bar").focus()
    press("Enter")
    studio.picture("profile-popover")
    page.get_by_role("button", name="busy", exact=True).focus()
    press("Enter")
    studio.until("document.activeElement.matches('.set[data-profile=\"notes per bar\"]')")
    label = chip(studio, "notes per bar").get_attribute("aria-label")
    assert label == "notes per bar: 50, set by hand"
    chip(studio, "mood").focus()
    press("Delete")
    studio.until("document.querySelector('[data-profile=mood]') === null")
    chip(studio, "register").click()
    page.locator(".popover input").fill("72")
    press("Enter")
    studio.until("document.activeElement.matches('.set[data-profile=\"register\"]')")
    settings, profile = compose(studio)
    assert settings["profile"] == {"notes per bar": "busy", "mood": None, "register": "72"}
    assert "mood" not in {**profile["stated"], **profile["filled"]}
    chip(studio, "add").click()
    page.locator(".popover").get_by_role("button", name="mood", exact=True).click()
    page.locator(".popover input").fill("calm")
    press("Enter")
    studio.until("document.querySelector('[data-profile=mood]')?.classList.contains('set')")
    chip(studio, "reset").click()
    studio.until("document.querySelector('#profile .set') === null")
    assert chip(studio, "mood").get_attribute("aria-label") == "mood: sad, from the prompt"


def test_an_invalid_value_is_reported(studio):
    chip(studio, "form").click()
    studio.page.locator(".popover input").fill("grump")
    studio.page.keyboard.press("Enter")
    studio.until("!document.querySelector('#profile-problem').hidden")
    assert "grump" in studio.page.locator("#profile-problem").inner_text()


def test_the_next_piece_can_be_like_this_one(studio, fixtures):
    studio.page.set_input_files("#file", fixtures / "song_with_pickup.mid")
    studio.until("amadeus.state.piece?.about.kind === 'import'")
    studio.page.click("#like")
    studio.until("document.querySelector('#profile .set') !== null")
    studio.picture("profile-like")
    assert chip(studio, "key").get_attribute("aria-label") == "key: G major, set by hand"
    settings, profile = compose(studio)
    assert settings["profile"]["key"] == "G major"
    assert profile["stated"]["notes per bar"] == settings["profile"]["notes per bar"]


def test_a_model_without_profiles_shows_none(open_studio, start_server, tmp_path):
    save_checkpoint(Amadeus(replace(PRESETS["nano"], profile=False)), tmp_path / "old", steps=0)
    address, _ = start_server(tmp_path / "pieces", "--model", str(tmp_path / "old"))
    studio = open_studio(address=address)
    studio.write("a waltz, 1 bar")
    studio.until("amadeus.state.info !== null")
    assert not studio.page.locator("#profile").is_visible()
    assert not studio.page.locator("#like").is_visible()
