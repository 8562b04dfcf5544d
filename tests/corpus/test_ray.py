import shutil
import sys
import zipfile
from functools import partial

import pytest

from amadeus.corpus import build
from amadeus.corpus.build import build_corpus
from amadeus.corpus.ray_build import write_chunks_on_ray
from amadeus.errors import CorpusError


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def inputs(fixtures, tmp_path):
    """A folder of the fixtures, two of them broken, and an archive of the fixtures."""
    folder, archive = tmp_path / "music", tmp_path / "more.zip"
    folder.mkdir()
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(fixtures.glob("*.mid")):
            shutil.copy(path, folder)
            packed.write(path, path.name)
    (folder / "empty.mid").write_bytes(b"")
    (folder / "text.mid").write_text("a song")
    return [folder, archive]


@pytest.mark.slow
# Ray's own context is made of options that Ray itself deprecates.
@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning:ray")
def test_a_ray_cluster_and_one_process_build_the_same_bytes(inputs, tmp_path, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setattr(build, "CHUNK_SOURCES", 4)
    monkeypatch.chdir(tmp_path)
    inputs = [path.relative_to(tmp_path) for path in inputs]
    build_corpus(inputs, tmp_path / "here")
    told = []
    build_corpus(
        inputs,
        tmp_path / "there",
        tokenise=partial(write_chunks_on_ray, workers=2),
        on_progress=lambda *progress: told.append(progress),
    )
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert told == [(4, 12), (8, 12), (12, 12)]


def test_without_ray_it_is_said_how_to_get_it(inputs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(CorpusError, match=r"is not installed; .*amadeus-music\[ray\]"):
        build_corpus(inputs, tmp_path / "shards", tokenise=write_chunks_on_ray)
