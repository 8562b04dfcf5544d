import json

import pytest

from amadeus.control import Constraints, violations
from amadeus.music.grid import bars_of
from amadeus.music.midi import read_midi


@pytest.fixture
def generate(amadeus, checkpoint):
    return lambda *options: amadeus("generate", "--model", checkpoint, "--notes", 4, *options)


def test_a_seed_composes_the_same_piece_again(generate, tmp_path):
    outcome = generate("--seed", 5)
    assert outcome.code == 0
    assert "seed 5" in outcome.out
    generate("--seed", 5, "--output", "again.mid")
    first = (tmp_path / "outputs" / "amadeus-5.mid").read_bytes()
    assert first == (tmp_path / "again.mid").read_bytes()
    generate("--seed", 6, "--output", "other.mid")
    assert first != (tmp_path / "other.mid").read_bytes()


def test_a_random_seed_is_printed(generate):
    (piece,) = json.loads(generate("--json").out)["pieces"]
    again = json.loads(generate("--json", "--seed", piece["seed"]).out)["pieces"]
    assert again == [piece]
    assert piece["midi"] == f"outputs/amadeus-{piece['seed']}.mid"


def test_bars_are_the_length(amadeus, checkpoint, tmp_path):
    amadeus("generate", "--model", checkpoint, "--bars", 1, "--seed", 1, "--output", "one.mid")
    assert len(bars_of(read_midi(tmp_path / "one.mid"))) == 1


def test_several_pieces_are_numbered_in_files_and_named_by_seed_in_folders(generate, tmp_path):
    generate("--seed", 3, "--count", 2, "--output", "piece.mid", "--picture", "pictures")
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")}
    assert written == {
        *("piece-1.mid", "piece-2.mid"),
        *("pictures/amadeus-3.png", "pictures/amadeus-4.png"),
    }


def test_audio_picture_and_sheet_music_are_written(generate, tmp_path):
    files = ("--audio", "a.wav", "--picture", "a.png", "--musicxml", "a.musicxml")
    files += ("--sheet", "a.pdf")
    outcome = generate("--seed", 2, *files, "--output", "a.mid")
    assert outcome.code == 0
    assert outcome.err == ""
    assert (tmp_path / "a.wav").read_bytes().startswith(b"RIFF")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert b"<score-partwise" in (tmp_path / "a.musicxml").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")


def test_continuation_keeps_the_given_bars(amadeus, checkpoint, fixtures, tmp_path):
    song = fixtures / "song_with_pickup.mid"
    options = ("--bars", 2, "--notes", 20, "--seed", 1, "--json")
    outcome = amadeus("continue", song, "--output", "longer.mid", "--model", checkpoint, *options)
    assert outcome.code == 0
    result = json.loads(outcome.out)
    before, after = read_midi(song), read_midi(tmp_path / "longer.mid")
    assert result["notes"] == after.num_notes > before.num_notes
    assert result["seed"] == 1


def test_render_needs_something_to_write(amadeus, fixtures):
    assert amadeus("render", fixtures / "funk_drums.mid").code == 2


def test_render_plays_and_draws(amadeus, fixtures, tmp_path):
    outcome = amadeus(
        "render", fixtures / "funk_drums.mid", "--audio", "a.wav", "--picture", "a.png"
    )
    assert outcome.code == 0
    assert {p.name for p in tmp_path.iterdir()} == {"a.wav", "a.png"}


def test_a_prompt_is_understood_and_enforced(amadeus, checkpoint, tmp_path):
    prompt = "a waltz for flute and drums at 97 bpm, 2 bars"
    options = ("--model", checkpoint, "--seed", 1, "--notes", 60, "--output", "waltz.mid")
    outcome = amadeus("generate", "--prompt", prompt, *options)
    assert outcome.code == 0, outcome.err
    assert "tempo 97 BPM" in outcome.out
    score = read_midi(tmp_path / "waltz.mid")
    assert len(bars_of(score)) == 2
    assert [t.bpm for t in score.tempos] == [97.0]
    assert {str(t) for t in score.time_signatures} == {"3/4"}
    assert {t.is_drum or t.program for t in score.tracks} <= {True, 73}


def test_what_a_prompt_states_can_be_left_to_the_model(amadeus, checkpoint):
    options = ("--model", checkpoint, "--seed", 1, "--notes", 4, "--json")
    outcome = amadeus("generate", "--prompt", "97 bpm", "--no-prompt-constraints", *options)
    (piece,) = json.loads(outcome.out)["pieces"]
    assert piece["prompt"] == "97 bpm"
    assert piece["understood"] == []


def test_every_prompt_of_a_file_is_composed(amadeus, checkpoint, tmp_path):
    (tmp_path / "ideas.txt").write_text("97 bpm, 2 bars\n\n5/4, 1 bar\n", encoding="utf-8")
    options = ("--model", checkpoint, "--seed", 1, "--notes", 4, "--count", 2, "--json")
    outcome = amadeus("generate", "--prompts", "ideas.txt", "--output", "ideas", *options)
    pieces = json.loads(outcome.out)["pieces"]
    assert [piece["prompt"] for piece in pieces] == ["97 bpm, 2 bars"] * 2 + ["5/4, 1 bar"] * 2
    scores = [read_midi(tmp_path / piece["midi"]) for piece in pieces]
    assert [scores[i].tempos[0].bpm for i in (0, 1)] == [97.0, 97.0]
    assert [str(scores[i].time_signatures[0]) for i in (2, 3)] == ["5/4", "5/4"]


def test_a_prompt_and_a_file_of_prompts_exclude_each_other(amadeus, checkpoint, tmp_path):
    (tmp_path / "ideas.txt").write_text("a waltz", encoding="utf-8")
    outcome = amadeus("generate", "--prompt", "a jig", "--prompts", "ideas.txt")
    assert outcome.code == 1
    assert "not both" in outcome.err


def test_a_prompt_that_contradicts_itself_is_refused(amadeus, checkpoint, tmp_path):
    prompt = "drums only, no drums"
    outcome = amadeus("generate", "--model", checkpoint, "--prompt", prompt)
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_constraints_hold_and_are_explained(amadeus, checkpoint, tmp_path):
    options = ("--model", checkpoint, "--seed", 1, "--bars", 2, "--output", "piece.mid")
    asked = ("tempo: 90->120", "density: at most 6", "instruments: cello")
    constraints = [word for text in asked for word in ("--constraint", text)]
    outcome = amadeus("generate", "--prompt", "in D major", *constraints, "--explain", *options)
    assert outcome.code == 0, outcome.err
    for text in (*asked, 'key: D major, "D major" in the prompt'):
        assert text in outcome.out
    assert "  soft: D major is favoured; " in outcome.out
    score = read_midi(tmp_path / "piece.mid")
    assert violations(score, Constraints(*asked[1:], "bars: 2")) == []
    assert [t.bpm for t in score.tempos] == pytest.approx([90, 120], abs=1e-3)


def test_an_explanation_is_part_of_the_json(generate):
    options = ("--constraint", "key: D dorian", "--explain", "--json")
    (piece,) = json.loads(generate(*options).out)["pieces"]
    (explained,) = piece["constraints"]
    assert explained["constraint"] == "key: D dorian"
    assert explained["hard"] == "pitches and chords belong to the scale; drums are free"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["kee: D dorian"], "did you mean 'key'"),
        (
            ["metre: 3/4", "metre: 4/4"],
            "'time signature: 3/4' and 'time signature: 4/4' contradict",
        ),
        (["key: C major in bars 3-4"], "bar 4, but the piece has 2"),
    ],
)
def test_constraints_that_cannot_hold_are_refused_before_composing(
    amadeus, tmp_path, monkeypatch, texts, message
):
    monkeypatch.setattr("amadeus.inference.composer.Composer.compose", pytest.fail)
    constraints = [word for text in texts for word in ("--constraint", text)]
    outcome = amadeus("generate", "--bars", 2, *constraints)
    assert outcome.code == 1
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--effort", "--candidates", "--tries"])
@pytest.mark.parametrize("count", [0, 65])
def test_a_wrong_number_of_candidates_is_refused_by_the_name_of_its_option(amadeus, option, count):
    for command in (("generate",), ("continue", "in.mid"), ("edit", "in.mid")):
        outcome = amadeus(*command, "--output", "out.mid", option, count)
        assert outcome.code == 2
        assert option in outcome.err
        assert "64" in outcome.err or count == 0


def test_explain_prints_the_profile(generate):
    asked = ("--prompt", "a sad waltz", "--profile", "density: 12, mood: open", "--seed", 3)
    lines = generate(*asked, "--explain").out.splitlines()
    assert "profile: time signature: 3/4, notes per bar: 12, form: waltz" in lines
    (filled,) = [line for line in lines if line.startswith("profile, from a real piece: key: ")]
    (piece,) = json.loads(generate(*asked, "--explain", "--json").out)["pieces"]
    assert piece["profile"]["stated"] == {
        "metre": "3/4", "notes per bar": "12", "form": "waltz"
    }  # fmt: skip
    values = ", ".join(f"{name}: {value}" for name, value in piece["profile"]["filled"].items())
    assert filled == f"profile, from a real piece: {values}"
    alone = json.loads(generate(*asked, "--explain", "--json", "--no-fill-profile").out)
    assert alone["pieces"][0]["profile"]["filled"] == {}


def test_every_piece_has_its_own_profile(generate, tmp_path):
    (tmp_path / "ideas.txt").write_text("a jig\na waltz\n", encoding="utf-8")
    outcome = generate("--prompts", "ideas.txt", "--explain", "--json", "--seed", 1)
    jig, waltz = json.loads(outcome.out)["pieces"]
    assert (jig["profile"]["stated"]["form"], waltz["profile"]["stated"]["form"]) == (
        "jig",
        "waltz",
    )
    lines = generate("--count", 2, "--explain", "--seed", 1).out.splitlines()
    assert [line[:17] for line in lines if "real piece" in line] == [
        "seed 1, profile, ", "seed 2, profile, "
    ]  # fmt: skip


def test_music_like_a_file_has_its_profile(generate, amadeus, fixtures):
    song = fixtures / "song_with_pickup.mid"
    profile = json.loads(amadeus("inspect", song, "--json").out)["profile"]
    (piece,) = json.loads(generate("--like", song, "--explain", "--json").out)["pieces"]
    assert piece["profile"]["stated"] == profile


def test_a_model_without_profiles_does_not_ignore_one(amadeus, unprofiled, fixtures):
    folder = unprofiled
    for option in (("--profile", "mood: sad"), ("--like", fixtures / "song_with_pickup.mid")):
        outcome = amadeus("generate", "--model", folder, "--notes", 4, *option)
        assert outcome.code == 1
        assert f"{folder} has no profiles; leave out" in outcome.err
        assert len(outcome.err.splitlines()) == 1
    outcome = amadeus("generate", "--model", folder, "--notes", 4, "--explain", "--json")
    assert json.loads(outcome.out)["pieces"][0]["profile"] is None
