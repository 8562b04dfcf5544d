import io
import lzma
import os
import tarfile
import tracemalloc
import zipfile

import numpy as np
import pytest

from amadeus.corpus.manifest import About, Manifest, read_manifest
from amadeus.corpus.sources import load, scan
from amadeus.errors import CorpusError
from amadeus.music.limits import LIMITS

NOTHING_KNOWN = Manifest({})
FILES = {"a.mid": b"one", "deep/b.MIDI": b"two", "deep/er/c.mid": b"three", "notes.txt": b"no"}
NAMES = ["a.mid", "deep/b.MIDI", "deep/er/c.mid"]


def write_folder(path):
    for name, data in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def write_zip(path, files=FILES):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/", b"")
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path, mode, files=FILES):
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def write_list(path):
    folder = write_folder(path.with_suffix(""))
    path.write_text("".join(f"{folder.name}/{name}\n\n" for name in NAMES), encoding="utf-8")
    return path


def read(inputs, manifest=NOTHING_KNOWN):
    """Name to contents, or to the reason why there are none."""
    found = {}
    for source in load(scan(inputs, manifest)):
        try:
            found[source.name] = source.read()
        except CorpusError as error:
            found[source.name] = str(error)
    return found


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("music", write_folder),
        ("music.zip", write_zip),
        ("music.tar", lambda p: write_tar(p, "w")),
        ("music.tar.gz", lambda p: write_tar(p, "w:gz")),
        ("music.TGZ", lambda p: write_tar(p, "w:gz")),
        ("music.tar.xz", lambda p: write_tar(p, "w:xz")),
    ],
)
def test_whatever_holds_the_files_their_names_and_contents_are_the_same(tmp_path, name, write):
    write(tmp_path / name)
    expected = {f"music/{inside}": FILES[inside] for inside in NAMES}
    assert read([tmp_path / name]) == expected
    assert [s.place for s in scan([tmp_path / name], NOTHING_KNOWN)] == [0, 1, 2]


def test_a_list_names_files_relative_to_itself(tmp_path):
    path = write_list(tmp_path / "songs.txt")
    path.write_text(path.read_text() + "nowhere.mid\n../up.mid\n")
    (tmp_path.parent / "up.mid").write_bytes(b"up")
    expected = {f"songs/{name}": FILES[name] for name in NAMES}
    assert read([path]) == expected | {"songs/nowhere.mid": "no such file", "songs/up.mid": b"up"}


def test_one_file_is_a_source(tmp_path):
    write_folder(tmp_path / "music")
    assert read([tmp_path / "music" / "a.mid"]) == {"music/a.mid": b"one"}


def test_only_what_is_wanted_of_an_archive_is_read(tmp_path):
    inputs = [write_tar(tmp_path / "a.tar.xz", "w:xz"), write_folder(tmp_path / "b")]
    sources = scan(inputs, NOTHING_KNOWN)
    wanted = [sources[1], sources[2], sources[4]]
    assert [source.read() for source in load(wanted)] == [b"two", b"three", b"two"]
    assert [source.place for source in load(wanted)] == [1, 2, 4]


def test_paths_in_archives_lead_nowhere(tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        for name in ("../../up.mid", "/etc/root.mid", "C:\\windows\\w.mid", "./././a//b.mid"):
            archive.writestr(name, b"x")
    names = set(read([tmp_path / "evil.zip"]))
    assert names == {"evil/up.mid", "evil/etc/root.mid", "evil/C:/windows/w.mid", "evil/a/b.mid"}
    assert [path.name for path in tmp_path.iterdir()] == ["evil.zip"]


def test_names_that_are_no_text_are_spelled_out(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.mid"
    try:
        with open(path, "wb") as file:
            file.write(b"x")
    except OSError:
        pytest.skip("this file system has no such names")
    assert set(read([tmp_path])) == {f"{tmp_path.name}/caf\\udce9.mid"}


def test_links_and_what_is_too_large_stay_in_the_archive(tmp_path):
    with tarfile.open(tmp_path / "odd.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("link.mid")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        large = tarfile.TarInfo("large.mid")
        large.size = LIMITS.bytes + 1
        archive.addfile(large, io.BytesIO(bytes(large.size)))
        small = tarfile.TarInfo("small.mid")
        small.size = 3
        archive.addfile(small, io.BytesIO(b"abc"))
    assert read([tmp_path / "odd.tar.gz"]) == {
        "odd/link.mid": "is not a regular file",
        "odd/large.mid": "is larger than 16 MiB",
        "odd/small.mid": b"abc",
    }


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    (tmp_path / "folder.mid").mkdir()
    (tmp_path / "dangling.mid").symlink_to("nowhere.mid")
    os.mkfifo(tmp_path / "pipe.mid")
    with (tmp_path / "large.mid").open("wb") as file:
        file.truncate(LIMITS.bytes + 1)
    assert {name.split("/")[1]: reason for name, reason in read([tmp_path]).items()} == {
        "folder.mid": "is a folder",
        "dangling.mid": "no such file",
        "pipe.mid": "is not a regular file",
        "large.mid": "is larger than 16 MiB",
    }


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_would_fill_the_memory_is_damage(tmp_path, kind):
    size = 64 * 2**20
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz") as archive:
        small = tarfile.TarInfo("small.mid")
        small.size = 3
        archive.addfile(small, io.BytesIO(b"abc"))
        header = tarfile.TarInfo("header")
        header.type, header.size = kind, size
        archive.addfile(header, io.BytesIO(bytes(size)))
    tracemalloc.start()
    found = read([tmp_path / "bomb.tar.gz"])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < size / 2
    assert found == {
        "bomb/small.mid": b"abc",
        "bomb.tar.gz": "lies in an archive that is damaged or cut off",
    }


@pytest.mark.parametrize("name", ["a.txt", "a.zip", "a.tar", "a.tar.gz", "a.tar.xz"])
@pytest.mark.parametrize("kind", ["pipe", "endless device"])
def test_lists_and_archives_that_never_end_are_left_out(tmp_path, name, kind):
    if kind == "pipe":
        os.mkfifo(tmp_path / name)
    else:
        (tmp_path / name).symlink_to("/dev/zero")
    write_folder(tmp_path / "music")
    found = read([tmp_path / name, tmp_path / "music" / "a.mid"])
    assert found == {name: "cannot be read (is not a regular file)", "music/a.mid": b"one"}


def test_a_list_with_impossible_names_costs_only_these(tmp_path):
    (tmp_path / "a.mid").write_bytes(b"one")
    lines = ["a\0b.mid", "a.mid", "x" * 5000 + ".mid", "\x1b[31m.mid", "a.mid/b.mid"]
    (tmp_path / "list.txt").write_text("\n".join(lines), encoding="utf-8")
    found = read([tmp_path / "list.txt"])
    assert found["list/a\\x00b.mid"] == "has a name that no file can have"
    assert found["list/a.mid"] == b"one"
    assert found["list/" + lines[2]].startswith("cannot be read (")
    assert found["list/\\x1b[31m.mid"] == "no such file"
    assert found["list/a.mid/b.mid"].startswith("cannot be read (")


def test_a_file_that_changed_since_the_scan_is_not_waited_for(tmp_path):
    for name in ("pipe.mid", "grown.mid"):
        (tmp_path / name).write_bytes(b"one")
    sources = scan([tmp_path], NOTHING_KNOWN)
    (tmp_path / "pipe.mid").unlink()
    os.mkfifo(tmp_path / "pipe.mid")
    os.truncate(tmp_path / "grown.mid", LIMITS.bytes + 1)
    for source, reason in zip(
        sources, ["is larger than 16 MiB", "not a regular file"], strict=True
    ):
        with pytest.raises(CorpusError, match=reason):
            source.read()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "zip"])
def test_of_a_damaged_archive_is_kept_what_can_be_read(tmp_path, mode, share):
    files = {f"{i}.mid": np.random.default_rng(i).bytes(5000) for i in range(20)}
    name = {"w": "cut.tar", "w:gz": "cut.tar.gz", "w:xz": "cut.tar.xz", "zip": "cut.zip"}[mode]
    if mode == "zip":
        write_zip(tmp_path / name, files)
    else:
        write_tar(tmp_path / name, mode, files)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * share)])
    found = read([tmp_path / name])
    damage = "lies in an archive that is damaged or cut off"
    damaged = {name for name, data in found.items() if data == damage}
    assert damaged
    assert all(found[n] == files[n.split("/")[1]] for n in set(found) - damaged)
    if mode != "zip":  # whose table of contents is at its end
        assert len(set(found) - damaged) >= int(20 * share) - 2


def test_a_damaged_member_does_not_hide_the_others(tmp_path):
    with zipfile.ZipFile(tmp_path / "music.zip", "w") as archive:
        for i in range(3):
            archive.writestr(f"{i}.mid", bytes([i]) * 1000)
    data = (tmp_path / "music.zip").read_bytes()
    (tmp_path / "music.zip").write_bytes(data.replace(b"\1" * 1000, b"\7" * 1000))
    found = read([tmp_path / "music.zip"])
    assert found["music/0.mid"] == bytes(1000)
    assert "damaged" in found["music/1.mid"]
    assert found["music/2.mid"] == b"\2" * 1000


def test_encrypted_members_are_named(tmp_path):
    write_zip(tmp_path / "secret.zip")
    data = bytearray((tmp_path / "secret.zip").read_bytes())
    data[data.rindex(b"PK\1\2", 0, data.rindex(b"a.mid")) + 8] |= 1
    (tmp_path / "secret.zip").write_bytes(data)
    assert "is encrypted" in read([tmp_path / "secret.zip"]).values()


@pytest.mark.parametrize("name", ["none", "none.zip", "none.mid", "none.txt"])
def test_inputs_that_are_not_there_are_an_error(tmp_path, name):
    with pytest.raises(CorpusError, match=rf"{name} does not exist"):
        scan([tmp_path / name], NOTHING_KNOWN)


def test_inputs_that_are_something_else_are_an_error(tmp_path):
    (tmp_path / "song.mp3").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"song.mp3 is neither a folder nor a list"):
        scan([tmp_path / "song.mp3"], NOTHING_KNOWN)
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(CorpusError, match=r"list .*list.txt cannot be read"):
        scan([tmp_path / "list.txt"], NOTHING_KNOWN)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no MIDI files"):
        scan([tmp_path / "empty"], NOTHING_KNOWN)


def manifest(path, text):
    path.write_bytes(lzma.compress(text.encode()) if path.suffix == ".xz" else text.encode())
    return read_manifest(path)


@pytest.mark.parametrize("name", ["m.csv", "m.csv.xz"])
def test_a_manifest_tells_what_is_known(tmp_path, name):
    known = manifest(
        tmp_path / name,
        "file,title,composer_or_artist,labels,licence,licence_class,performed,split\n"
        "jazz/a.mid,So Blue,Ann,jazz; piano roll,CC0 1.0,open,0,validation\n"
        "jazz/b.mid,,,,,,1,\n",
    )
    about = About("So Blue", "Ann", ("jazz", "piano roll"), "CC0 1.0", "open", True, "validation")
    for top, inside in (
        *(("jazz", "a.mid"), ("data", "jazz/a.mid"), ("jazz-1", "jazz/a.mid")),
        *(("jazz", "jazz/a.mid"), ("list", "home/me/jazz/a.mid")),
    ):
        assert known.find(top, inside) == ("jazz/a.mid", about)
    assert known.find("jazz", "b.mid") == ("jazz/b.mid", About(performed=True))
    assert known.find("jazz", "c.mid") == ("jazz/c.mid", About())
    assert known.find("rock", "a.mid") == ("rock/a.mid", About())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\na.mid\n", "no column `file`"),
        ("file,licence_class\na.mid,free\n", "licence_class 'free' of a.mid; choose from open, nc"),
        ("file,split\na.mid,test\n", "split 'test' of a.mid; choose from train, validation"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(tmp_path, text, message):
    with pytest.raises(CorpusError, match=message):
        manifest(tmp_path / "m.csv", text).find("x", "a.mid")


@pytest.mark.parametrize("name", ["pipe.csv", "endless.csv", "a\0b.csv", "folder.csv"])
def test_a_manifest_that_is_no_file_is_named(tmp_path, name):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "endless.csv").symlink_to("/dev/zero")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(CorpusError, match=r"manifest .* cannot be read: (is|no|invalid) "):
        read_manifest(tmp_path / name)


@pytest.mark.parametrize("data", [b"no lzma", lzma.compress(b"\xff")])
def test_an_unreadable_manifest_is_named(tmp_path, data):
    (tmp_path / "m.csv.xz").write_bytes(data)
    for path in (tmp_path / "m.csv.xz", tmp_path / "none.csv"):
        with pytest.raises(CorpusError, match=f"manifest .*{path.name} cannot be read"):
            read_manifest(path)


def test_karaoke_and_riff_files_are_midi_files(tmp_path):
    for name in ("a.kar", "b.RMI", "c.txt"):
        (tmp_path / name).write_bytes(b"")
    found = [source.name.split("/")[-1] for source in scan([tmp_path], NOTHING_KNOWN)]
    assert found == ["a.kar", "b.RMI"]
