"""Other users of the machine cannot read the pieces."""

import os
import stat

import pytest

from amadeus.server.store import DATABASE, Store

pytestmark = pytest.mark.skipif(os.name == "nt", reason="files have no such modes there")


def modes(folder):
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.fixture
def generous():
    """A umask that makes new files readable and writable by all."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_the_database_is_private(generous, serve, tmp_path, fixtures):
    with serve() as client:
        piece = client.upload((fixtures / "funk_drums.mid").read_bytes())
        client.file(piece["id"], "picture")
        file_modes = modes(tmp_path / "data")
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert file_modes.pop("cache") == 0o700
    assert set(file_modes) > {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"}
    assert set(file_modes.values()) == {0o600}


def test_existing_files_are_made_private(generous, tmp_path):
    folder = tmp_path / "data"
    for _ in range(2):
        store = Store(folder, 9)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert set(modes(folder).values()) == {0o600}
        # As a server that was killed leaves its files behind.
        left = {name: (folder / name).read_bytes() for name in modes(folder)}
        store.close()
        for name, content in left.items():
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o666)
        folder.chmod(0o777)


def test_a_folder_with_other_files_is_not_changed(tmp_path):
    shared, sticky = tmp_path / "shared", tmp_path / "tmp"
    shared.mkdir(), sticky.mkdir()
    (shared / "something.txt").touch()
    shared.chmod(0o755), sticky.chmod(0o1777)
    for folder in (shared, sticky):
        mode = folder.stat().st_mode
        Store(folder, 9).close()
        assert folder.stat().st_mode == mode
        assert modes(folder)[DATABASE] == 0o600
