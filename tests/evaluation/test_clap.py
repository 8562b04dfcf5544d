import shutil
import tracemalloc

import numpy as np
import pytest

from amadeus.errors import CheckpointError, ConfigError, ScoreError
from amadeus.evaluation.clap import Clap, ClapScores, clap_scores, ranks
from amadeus.evaluation.moods import MOODS, moods_of
from amadeus.music.score import Score, Track, make_notes

pytest.importorskip("transformers")


def melody(*pitches, program=0):
    notes = make_notes([(12 * i, 12, p, 80) for i, p in enumerate(pitches)])
    return Score(12, (Track(program, notes),))


LOW, HIGH = melody(*[36, 40, 43] * 5), melody(*[84, 88, 91] * 5, program=73)


def test_every_pair_has_a_cosine_and_its_ranks(tiny_clap):
    captions = ["slow sad waltz", "happy waltz", "slow sad waltz"]
    found = clap_scores(list(zip([LOW, HIGH, HIGH], captions, strict=True)), tiny_clap)
    assert np.all(np.abs(found.similarity) <= 1)
    clap = Clap(tiny_clap)
    assert found.similarity[1] == pytest.approx(clap.hear(HIGH) @ clap.read(captions)[1], abs=1e-6)
    assert np.all(found.caption_rank <= 2), "captions that are alike are one"
    assert set(found.caption_rank[1:]) == {1, 2}, "one of two captions is the nearer one"
    assert np.all(found.mood_rank <= len(MOODS))
    assert found.num_captions == 2
    assert found.retrieved(2).tolist() == [1, 1, 1]
    assert found.correct_mood(len(MOODS)).tolist() == [1, 1, 1]


def test_a_piece_is_the_mean_of_its_windows(tiny_clap):
    clap = Clap(tiny_clap)
    vectors = clap.hear(LOW), clap.hear(HIGH)
    assert all(np.linalg.norm(v) <= 1 + 1e-6 for v in vectors)
    assert not np.allclose(*vectors, atol=1e-4)
    assert np.array_equal(vectors[0], clap.hear(LOW)), "nothing is cut out at random"


def test_ranks_count_what_is_as_similar():
    assert ranks(np.array([[0.1, 0.9, 0.5], [0.2, 0.2, 0.1]])).tolist() == [[3, 1, 2], [2, 2, 3]]


def test_ranks_of_a_thousand_captions_take_no_more_room_than_their_similarities():
    similarity = np.random.default_rng(0).normal(size=(50, 1000)).round(1)
    tracemalloc.start()
    try:
        found = ranks(similarity)
        assert tracemalloc.get_traced_memory()[1] < 5 * similarity.nbytes
    finally:
        tracemalloc.stop()
    expected = (similarity[7] >= similarity[7][:, None]).sum(1)
    assert np.array_equal(found[7], expected)


def test_correct_mood_counts_captions_that_name_one():
    ranked = np.array([1, 2, 5, 9]), np.array([3.0, 4.0, np.nan, 1.0])
    found = ClapScores(np.zeros(4), *ranked, num_captions=9)
    assert np.nanmean(found.correct_mood(3)) == pytest.approx(2 / 3)
    assert np.isnan(found.correct_mood(3)).tolist() == [False, False, True, False]
    assert found.retrieved(2).tolist() == [1, 1, 0, 0]


def test_moods_of_captions():
    caption = "A melancholy piano piece, with hints of Happiness and a meditative air; no funk."
    assert moods_of(caption) == ("happy", "meditative", "melancholic")
    assert moods_of("string quartet in C minor, andante") == ()


def test_nothing_to_compare_is_an_error(tiny_clap):
    with pytest.raises(ConfigError, match="nothing to compare"):
        clap_scores([], tiny_clap)
    with pytest.raises(ScoreError, match="no notes"):
        clap_scores([(Score(12, ()), "waltz")], tiny_clap)


def test_weights_that_are_not_here_are_named_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match="hf download laion/larger_clap_music_and_speech"):
        Clap()
    with pytest.raises(CheckpointError, match="give the folder"):
        Clap(tmp_path / "moved" / "away")


def test_pickles_and_other_networks_are_refused(tiny_clap, tiny_clamp, tmp_path):
    folder = tmp_path / "clap"
    shutil.copytree(tiny_clap, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    for wrong in (folder, tiny_clamp):
        with pytest.raises(
            CheckpointError, match=r"clap holds no .*safetensors|config\.json"
        ) as error:
            Clap(wrong)
        assert "\n" not in str(error.value)
