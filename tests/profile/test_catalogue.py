"""What a prompt leaves open is filled from real pieces."""

from dataclasses import replace

import numpy as np
import pytest

from amadeus.errors import ConfigError
from amadeus.music.keys import Key
from amadeus.profile import FIELDS, MEASURES, Part, Profile
from amadeus.profile.catalogue import (
    NEAREST,
    Catalogue,
    catalogue_of,
    embed,
    packaged_catalogue,
)

JIG = Profile(
    key=Key(7, "major"), bpm=180.0, time_signature="6/8", parts=(Part(74, 1.0),), num_parts=1,
    genres=("folk",), forms=("jig",), **{m.name: m.edges[0] // 2 for m in MEASURES},
)  # fmt: skip
TRIO = Profile(
    key=Key(0, "minor"), bpm=120.0, time_signature="4/4", genres=("jazz",), moods=("calm",),
    parts=(Part(1, 0.5), Part(33, 0.25), Part(129, 0.25)), num_parts=3,
    **{m.name: m.edges[-1] // 1 + 1 for m in MEASURES},
)  # fmt: skip
BARE = Profile(parts=(Part(1, 1.0),), num_parts=1, notes_per_bar=4.0)


def encode(texts):
    """Every text is a vector of its own."""
    return [np.eye(8, dtype=np.float32)[[i]] for i, _ in enumerate(texts)]


@pytest.fixture
def catalogue():
    """As many jigs, trios and pieces of which little is known as there are nearest ones."""
    return catalogue_of([JIG, TRIO, BARE] * NEAREST, encode)


def complete(catalogue, asked, seed=0, words=None):
    return catalogue.complete(asked, words, np.random.default_rng(seed))


def test_profiles_are_kept(catalogue):
    assert len(catalogue) == 3 * NEAREST
    assert len(catalogue.label_sets) == 3
    for number, profile in enumerate((JIG, TRIO, BARE)):
        found = catalogue[number]
        assert (found.key, found.genres, found.forms) == (
            profile.key, profile.genres, profile.forms,
        )  # fmt: skip
        assert found.parts == profile.parts


def test_a_catalogue_is_read_back(catalogue, tmp_path):
    catalogue.save(tmp_path / "profiles.npz")
    again = Catalogue.load(tmp_path / "profiles.npz")
    assert len(again) == len(catalogue)
    for number, profile in enumerate((JIG, TRIO, BARE)):
        assert again[number] == profile
    assert again.embeddings == pytest.approx(catalogue.embeddings, abs=0.01)
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "profiles.npz").read_bytes()


def test_what_was_stated_stays(catalogue):
    asked = Profile(key=Key(2, "minor"), bpm=77.0, chord_changes=1.0, moods=("sad",))
    for seed in range(8):
        found = complete(catalogue, asked, seed)
        assert asked.stated.items() <= found.stated.items()
        assert found.notes_per_bar is not None


def test_the_rest_comes_from_a_piece_that_agrees(catalogue):
    for asked in (Profile(forms=("jig",)), Profile(time_signature="6/8"), Profile(bpm=190.0)):
        assert replace(complete(catalogue, asked), bpm=JIG.bpm) == JIG
    for asked in (Profile(moods=("calm",)), Profile(velocity_spread=30.0)):
        found = complete(catalogue, asked)
        assert replace(found, velocity_spread=TRIO.velocity_spread) == TRIO


def test_words_lead_to_labels_that_are_near(catalogue):
    for number, profile in enumerate((JIG, TRIO)):
        words = np.eye(8, dtype=np.float32)[number]
        assert complete(catalogue, Profile(), words=words) == profile


def test_instruments_that_were_asked_for_get_real_shares(catalogue):
    asked = Profile(parts=(Part(1), Part(33), Part(74)))
    for seed in range(4):
        found = complete(catalogue, asked, seed)
        assert [part.instrument for part in found.parts] == [1, 33, 74]
        assert found.num_parts == 3
    assert found.parts[:2] == TRIO.parts[:2]
    assert found.parts[2].share is None


def test_two_seeds_give_two_profiles():
    packaged = packaged_catalogue()
    for asked in (Profile(), Profile(forms=("jig",)), Profile(key=Key(9, "minor"), bpm=90.0)):
        found = [complete(packaged, asked, seed) for seed in range(8)]
        assert len(set(found)) > 4
        assert complete(packaged, asked, 3) == found[3]


def test_the_packaged_catalogue_holds_profiles_of_notes():
    packaged = packaged_catalogue()
    assert len(packaged) >= 1000
    assert packaged.embeddings.shape == (len(packaged.label_sets), 384)
    assert np.linalg.norm(packaged.embeddings, axis=1) == pytest.approx(1, abs=0.1)
    for number in range(0, len(packaged), 97):
        found = packaged[number]
        assert found.parts
        assert found.num_parts >= len(found.parts)
        assert found.notes_per_bar > 0
        assert set(found.stated) <= set(FIELDS)
        assert found.from_start is found.bars_left is None


@pytest.mark.parametrize("damage", ["missing", "half", "other", "text"])
def test_a_damaged_file_is_refused_in_one_line(catalogue, tmp_path, damage):
    path = tmp_path / "profiles.npz"
    catalogue.save(path)
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "half":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "other":
        np.savez(path, key=np.zeros(3))
    else:
        path.write_bytes(b"no archive")
    with pytest.raises(ConfigError, match=r"profiles\.npz is no catalogue of profiles") as error:
        Catalogue.load(path)
    assert "\n" not in str(error.value)


def test_the_mean_of_token_states_is_a_unit_vector():
    assert np.linalg.norm(embed(np.arange(12.0).reshape(3, 4))) == pytest.approx(1)
    assert embed(np.zeros((2, 4))).tolist() == [0, 0, 0, 0]
