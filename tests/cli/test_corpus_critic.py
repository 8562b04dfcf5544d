import json

import numpy as np
import pytest

from amadeus.corpus.build import build_corpus
from amadeus.critic import Critic, critic
from amadeus.critic.windows import WINDOWS
from amadeus.music.midi import write_midi
from amadeus.music.score import Score, Track, make_notes


@pytest.fixture
def tunes(tmp_path):
    """Token shards of twelve tunes of 16 bars."""
    (tmp_path / "tunes").mkdir()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        pitches = 60 + np.cumsum(rng.integers(-2, 3, 96)) % 24
        notes = make_notes((8 * i, 8, int(p), 80) for i, p in enumerate(pitches))
        write_midi(Score(12, (Track(seed, notes),)), tmp_path / "tunes" / f"{seed}.mid")
    names = sorted(path.name for path in (tmp_path / "tunes").glob("*.mid"))
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("\n".join(["file,split", *(f"{name},train" for name in names)]))
    build_corpus([tmp_path / "tunes"], tmp_path / "shards", manifest=manifest)
    return tmp_path / "shards"


@pytest.mark.slow
def test_a_critic_is_trained_and_written(amadeus, tunes, tmp_path):
    command = "corpus", "critic", tunes, "--compose", 10
    outcome = amadeus(*command, "--output", "new")
    assert outcome.code == 0, outcome.err
    assert "12 real and" in outcome.out
    trained = Critic.load(tmp_path / "new" / "critic.safetensors")
    assert set(trained.names) <= set(critic().names)
    assert json.loads((tmp_path / "new" / "registers.json").read_text("utf-8")) == {}
    measured = json.loads(amadeus(*command, "--json").out)
    assert set(measured["auc"]) == set(WINDOWS)


def test_too_few_pieces_are_refused_before_anything_is_composed(amadeus, shards, tmp_path):
    outcome = amadeus("corpus", "critic", shards, "--output", "new")
    assert outcome.code == 1
    assert "and a critic needs 5; measure more pieces, or give other shards" in outcome.err
    assert not (tmp_path / "new").exists()
