"""The part of a report on genres: which pieces it compares, and how."""

import pytest

from amadeus.errors import ConfigError
from amadeus.evaluation.ear import part as part_module
from amadeus.evaluation.ear.genres import HEARD, named_genres, score_genre
from amadeus.evaluation.ear.listener import NETWORKS, hear, load_packaged
from amadeus.evaluation.ear.part import genre_part
from amadeus.evaluation.evidence import Evidence, System
from amadeus.evaluation.openings import opening
from amadeus.evaluation.pieces import Piece
from amadeus.music.midi import read_midi
from amadeus.text.prompt_list import LabelledPrompt


@pytest.fixture(scope="module")
def quartet(fixtures):
    return opening(read_midi(fixtures / "string_quartet.mid"), 4)


@pytest.fixture(scope="module")
def band(fixtures):
    return opening(read_midi(fixtures / "game_band.mid"), 4)


def test_strings_and_drums_are_heard(quartet, band):
    strings, drums = (hear(score)["MTT"] for score in (quartet, band))
    assert strings["violin"] > 2 * drums["violin"]
    assert drums["electronic"] > 2 * strings["electronic"]


def test_scoring_a_genre_hears_its_tag(quartet):
    entry = HEARD["MSD"][0]
    assert score_genre(quartet, entry.genre) == hear(quartet, ("MSD",))["MSD"][entry.tag]
    with pytest.raises(ConfigError, match="does not hear polka; choose one of"):
        score_genre(quartet, "polka")


def test_every_genre_has_a_tag_of_its_network_and_was_heard_in_real_music():
    assert tuple(HEARD) == NETWORKS
    for network, genres in HEARD.items():
        assert {entry.tag for entry in genres} <= set(load_packaged(network).tags)
        assert min(entry.auc for entry in genres) >= 0.74
        assert len({entry.genre for entry in genres}) == len(genres)


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("a Jazz tune", {"jazz"}),
        ("Jazz_trio", {"jazz"}),
        ("jazzy", set()),
        ("a slow waltz", set()),
        ("baroque fugue", {"classical"}),
        ("alternative rock", {"rock", "alternative rock"}),
        ("a hip-hop beat", {"hip hop"}),
    ],
)
def test_genres_are_whole_words(text, genres):
    assert named_genres(text) == genres


def pieces(texts, score, in_folders=False):
    return [
        Piece(name=f"{text}/{number}.mid", score=score)
        if in_folders
        else Piece(
            name=f"{number}.mid", score=score, prompt=LabelledPrompt(id=str(number), text=text)
        )
        for number, text in enumerate(texts)
    ]


@pytest.mark.parametrize("in_folders", [False, True])
def test_pieces_that_name_a_genre_are_compared_with_the_others(quartet, monkeypatch, in_folders):
    entry = next(entry for entry in HEARD["MSD"] if entry.genre == "jazz")
    texts = ["jazz", "jazz", "jazz trio", "tune", "tune", "waltz", "march"]
    strengths = iter([0.9, 0.8, 0.2, 0.5, 0.1, 0.1, 0.1])

    def fake(score):
        return {
            network: dict.fromkeys(load_packaged(network).tags, 0.0) for network in NETWORKS
        } | {"MSD": dict.fromkeys(load_packaged("MSD").tags, 0.0) | {entry.tag: next(strengths)}}

    monkeypatch.setattr(part_module, "hear", fake)
    system = System("ours", pieces(texts, quartet, in_folders), 4)
    found = genre_part(Evidence(systems=[system], bars=4))
    assert [table.title for table in found.tables] == ["Genres heard: ours"]
    (genre,) = found.values["genres"]["ours"]["MSD"]["genres"].values()
    assert genre["AUC"]["mean"] == pytest.approx(11 / 12, abs=1e-4)
    assert genre["AUC"]["low"] < 11 / 12
    assert (genre["pieces"], genre["others"]) == (3, 4)
    assert (genre["tag"], genre["real music"]) == (entry.tag, entry.auc)
    assert found.values["genres"]["ours"]["MSD"]["mean AUC"] == genre["AUC"]["mean"]


@pytest.mark.parametrize("texts", [["jazz"] * 5, ["tune"] * 5, ["jazz", "jazz", *["tune"] * 5]])
def test_too_few_pieces_are_not_heard(quartet, monkeypatch, texts):
    monkeypatch.setattr(part_module, "hear", None)
    system = System("ours", pieces(texts, quartet), 4)
    (table,), values, _ = genre_part(Evidence(systems=[system], bars=4))
    assert (table.rows, values) == ([], {"genres": {}})
    assert "no genre is named by at least 3 pieces" in table.to_markdown()


def test_pieces_without_a_prompt_or_a_folder_do_not_count(quartet, monkeypatch):
    monkeypatch.setattr(part_module, "hear", None)
    others = [Piece(name=f"x{number}.mid", score=quartet) for number in range(5)]
    system = System("ours", [*pieces(["jazz"] * 3, quartet), *others], 4)
    assert genre_part(Evidence(systems=[system], bars=4)).values == {"genres": {}}
