"""Profiles over HTTP: the reported profile is the one the piece is composed with."""

from dataclasses import replace

import pytest
import torch

from amadeus.client import Client
from amadeus.errors import ServerError
from amadeus.inference.composer import Composer
from amadeus.model import PRESETS, Amadeus
from amadeus.music.midi import read_midi
from amadeus.profile import profile_of_score
from amadeus.profile.wording import describe
from amadeus.server.app import create_app
from serving import running

WALTZ = {"prompt": "a sad waltz in A minor", "bars": 2, "notes": 30, "seed": 4}


def test_prompt_job_and_piece_report_the_same_profile(client, composer):
    asked = {"profile": {"chord changes per bar": 1, "spread of velocities": "wide"}}
    parsed = client.parse(**{k: v for k, v in (WALTZ | asked).items() if k != "notes"})
    assert parsed["profile"]["stated"] == {
        "key": "A minor", "metre": "3/4", "spread of velocities": "18.5 standard deviation",
        "chord changes per bar": "1", "form": "waltz", "mood": "sad",
    }  # fmt: skip
    assert "notes per bar" in parsed["profile"]["filled"]
    job = client.submit("compose", **WALTZ, **asked)
    piece = client.wait(job["id"])
    assert parsed["profile"] == job["profile"] == piece["profile"]
    assert client.piece(piece["id"])["settings"]["profile"] == asked["profile"]


def test_the_server_and_the_composer_use_the_same_profile(client, composer, tmp_path):
    piece = client.compose(**WALTZ, profile="notes per bar: busy, mood: open")
    settings = {k: v for k, v in WALTZ.items() if k != "prompt"}
    planned = composer.profile_of(WALTZ["prompt"], **settings, leave_open=["moods"])
    assert "mood" in composer.profile_of(WALTZ["prompt"], **settings).to_dict()["stated"]
    values = {**piece["profile"]["stated"], **piece["profile"]["filled"]}
    assert "mood" not in values
    assert values["notes per bar"] == "50"
    assert set(values) == {**planned.to_dict()["stated"], **planned.to_dict()["filled"]}.keys()


def test_a_piece_can_take_the_profile_of_another(client, fixtures):
    midi = (fixtures / "song_with_pickup.mid").read_bytes()
    model = client.upload(midi)
    measured = describe(profile_of_score(read_midi(midi)))
    assert client.profile(model["id"]) == measured
    piece = client.compose(bars=2, notes=20, seed=1, like=model["id"], profile={"register": None})
    del measured["register"]
    assert piece["profile"]["stated"] == measured
    with pytest.raises(ServerError, match="there is no piece"):
        client.compose(bars=2, like="0" * 16)


def test_without_a_seed_nothing_is_filled_in(client):
    assert client.parse("a waltz")["profile"]["filled"] == {}
    assert client.parse("a waltz", seed=1, fill_profile=False)["profile"]["filled"] == {}
    first, second = (client.parse("a waltz", seed=seed)["profile"] for seed in (1, 2))
    assert first["filled"] != second["filled"]


@pytest.mark.parametrize(
    "profile",
    ["mood", "mood: grumpy", {"modo": "sad"}, {"register": -1}, {"register": 2000},
     "mood: sad," * 200, {f"value {i}": 1 for i in range(40)}],
)  # fmt: skip
def test_an_invalid_profile_is_refused(client, profile):
    with pytest.raises(ServerError, match=r"profile"):
        client.compose(bars=1, profile=profile)


def test_a_model_without_profiles_refuses_them(limits, tmp_path):
    model = Amadeus(replace(PRESETS["nano"], context=128, profile=False)).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.05, generator=generator)
    app = create_app(Composer(model, name="old"), data=tmp_path / "data", limits=limits)
    with running(app, limits) as (address, _), Client(address, patience=0) as client:
        assert client.info()["profile"] is None
        piece = client.compose("a waltz", bars=1, notes=8, seed=1)
        assert piece["profile"] is None
        assert client.parse("a waltz", seed=1)["profile"] is None
        with pytest.raises(ServerError, match="old has no profiles"):
            client.compose(bars=1, like=piece["id"])
        with pytest.raises(ServerError, match="old has no profiles"):
            client.compose(bars=1, profile="mood: sad")
