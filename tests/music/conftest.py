import pytest

from amadeus.music.midi import read_midi, write_midi


@pytest.fixture(scope="session")
def again(tmp_path_factory):
    """Writes a score and reads it back."""
    path = tmp_path_factory.mktemp("again") / "score.mid"
    return lambda score: read_midi(write_midi(score, path))
