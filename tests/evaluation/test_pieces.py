"""Files find their prompts, and those that are no music are named."""

from __future__ import annotations

import pytest

from amadeus.errors import ConfigError
from amadeus.evaluation.pieces import read_folder
from amadeus.text.prompt_list import LabelledPrompt, read_prompts


@pytest.fixture
def folder(tmp_path, fixtures):
    data = (fixtures / "game_band.mid").read_bytes()

    def fill(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(data)
        return tmp_path

    return fill


def prompts_of(pieces):
    return {piece.name: piece.prompt.id if piece.prompt else None for piece in pieces}


def test_a_file_answers_the_prompt_it_is_named_after(folder):
    prompts = [LabelledPrompt("x", id="a1"), LabelledPrompt("y", id="b")]
    names = ("a1.mid", "a1-2.mid", "sub/b-10.MID", "c.mid", "a1-x.mid")
    assert prompts_of(read_folder(folder(*names), prompts)) == {
        "a1.mid": "a1", "a1-2.mid": "a1", "sub/b-10.MID": "b", "c.mid": None, "a1-x.mid": None,
    }  # fmt: skip


def test_a_whole_name_goes_before_a_number_and_a_file_before_a_name(folder):
    prompts = [
        LabelledPrompt("x", id="a"),
        LabelledPrompt("y", id="a-1"),
        LabelledPrompt("z", id="z", files=("a.mid", "sub/any.mid")),
    ]
    names = ("a.mid", "a-1.mid", "a-2.mid", "a-1-1.mid", "sub/any.mid")
    assert prompts_of(read_folder(folder(*names), prompts)) == {
        "a.mid": "z", "a-1.mid": "a-1", "a-2.mid": "a", "a-1-1.mid": "a-1", "sub/any.mid": "z",
    }  # fmt: skip


def test_prompts_without_ids_are_known_by_their_lines(tmp_path, folder):
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"prompt": "x"}\n\n{"prompt": "y", "file": "f.mid"}\n')
    first, second = read_prompts(path)
    assert (first.id, second.id, second.files) == ("1", "3", ("f.mid",))
    assert prompts_of(read_folder(folder("1-1.mid", "3.mid", "f.mid"), [first, second])) == {
        "1-1.mid": "1", "3.mid": "3", "f.mid": "3",
    }  # fmt: skip


def test_broken_files_are_kept_with_the_reason(folder):
    path = folder("good.mid")
    (path / "empty.mid").touch()
    (path / "text.mid").write_text("hello: there")
    (path / "folder.mid").mkdir()
    pieces = {piece.name: piece for piece in read_folder(path)}
    assert pieces["good.mid"].music is not None
    assert len(pieces["good.mid"].sha256) == 64
    assert pieces["empty.mid"].problem.startswith("is empty")
    assert pieces["text.mid"].problem.startswith("is not a MIDI file")
    assert pieces["folder.mid"].problem.startswith("is a folder")
    assert all(piece.score is None for piece in pieces.values() if piece.problem)


def test_a_folder_without_files_and_one_with_too_many_are_refused(folder, tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="no MIDI files"):
        read_folder(tmp_path)
    monkeypatch.setattr("amadeus.evaluation.pieces.MAX_FILES", 1)
    with pytest.raises(ConfigError, match="at most 1"):
        read_folder(folder("a.mid", "b.mid"))
