"""Profiles on the command line."""

import json

import pytest

from amadeus.music.midi import read_midi
from amadeus.profile import profile_of_score
from amadeus.profile.catalogue import Catalogue
from amadeus.profile.wording import describe


@pytest.fixture
def generate(amadeus, checkpoint):
    return lambda *options: amadeus(
        "generate", "--model", checkpoint, "--notes", 6, "--seed", 1, "--candidates", 1, *options
    )


@pytest.fixture
def piece(tmp_path):
    return lambda name: (tmp_path / name).read_bytes()


def test_inspect_prints_the_profile_of_a_file(amadeus, fixtures):
    path = fixtures / "string_quartet.mid"
    result = json.loads(amadeus("inspect", path, "--json").out)
    assert result["profile"] == describe(profile_of_score(read_midi(path)))
    assert f"key: {result['profile']['key']}" in amadeus("inspect", path).out


def test_a_profile_changes_the_piece_and_none_is_the_default(generate, piece):
    asked = {
        "plain.mid": ("--no-fill-profile",),
        "again.mid": ("--no-fill-profile", "--profile", ""),
        "busy.mid": ("--no-fill-profile", "--profile", "chord changes: 2 a bar, key: Am"),
        "filled.mid": (),
    }
    for name, options in asked.items():
        outcome = generate("--output", name, *options)
        assert outcome.code == 0, outcome.err
    plain, again, busy, filled = map(piece, asked)
    assert plain == again
    assert len({plain, busy, filled}) == 3


def test_profile_values_override_the_profile_of_a_file(generate, piece, fixtures):
    path = fixtures / "string_quartet.mid"
    like = ("--no-fill-profile", "--like", path)
    same = " , ".join(f"{k}: {v}" for k, v in describe(profile_of_score(read_midi(path))).items())
    for name, options in {
        "like.mid": like,
        "same.mid": ("--no-fill-profile", "--profile", same),
        "other.mid": (*like, "--profile", "key: F# major"),
    }.items():
        assert generate("--output", name, *options).code == 0
    assert piece("like.mid") == piece("same.mid")
    assert piece("like.mid") != piece("other.mid")


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (("--profile", "chord changs: 1"), "did you mean 'chord changes'"),
        (("--profile", "sad"), "write `key: A minor`"),
        (("--profile", "instruments: violen"), "did you mean violin"),
        (("--like", "missing.mid"), "missing.mid"),
        (("--like", "."), "."),
    ],
)
def test_a_wrong_profile_is_refused_in_one_line(generate, tmp_path, options, remedy):
    outcome = generate(*options)
    assert outcome.code in (1, 2)
    assert outcome.out == ""
    assert remedy in outcome.err
    assert "Traceback" not in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_notes_has_no_profile(generate, tmp_path):
    (tmp_path / "empty.mid").write_bytes(b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0")
    outcome = generate("--like", "empty.mid")
    assert outcome.code == 1
    assert "note" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_model_without_profiles_refuses_them(amadeus, unprofiled):
    outcome = amadeus("generate", "--model", unprofiled, "--notes", 4, "--profile", "key: Am")
    assert outcome.code == 1
    assert "has no profiles" in outcome.err


def test_validation_with_right_and_shuffled_profiles(amadeus, checkpoint, shards):
    options = ("--model", checkpoint, "--shards", shards, "--rows", 32, "--json")
    none, right = (
        json.loads(amadeus("validate", *options, "--profiles", which).out)["nats_per_note"]
        for which in ("none", "right")
    )
    assert none != right
    assert none == json.loads(amadeus("validate", *options).out)["nats_per_note"]


def test_a_catalogue_is_built_from_shards(amadeus, shards, tmp_path):
    outcome = amadeus("corpus", "profiles", shards, "--bars", 4, "--output", "p.npz", "--json")
    result = json.loads(outcome.out)
    catalogue = Catalogue.load(tmp_path / "p.npz")
    assert len(catalogue) == result["profiles"] > 0
    assert len(catalogue.label_sets) == result["label_sets"]
    assert all(catalogue[i].parts for i in range(len(catalogue)))


def test_pieces_that_are_too_short_make_no_catalogue(amadeus, shards, tmp_path):
    outcome = amadeus("corpus", "profiles", shards, "--bars", 10_000, "--output", "p.npz")
    assert outcome.code == 1
    assert "choose fewer" in outcome.err
    assert not (tmp_path / "p.npz").exists()
