"""Prompts in files: a line is a prompt."""

from __future__ import annotations

import pytest

from amadeus.errors import ConfigError
from amadeus.text.prompt_list import read_prompts


def test_text_has_a_prompt_a_line(tmp_path):
    path = tmp_path / "ideas.txt"
    path.write_text("a waltz\n\n  a march in C major\n", encoding="utf-8")
    assert [p.text for p in read_prompts(path)] == ["a waltz", "a march in C major"]


def test_json_lines_carry_labels(tmp_path):
    path = tmp_path / "ideas.jsonl"
    path.write_text('{"prompt": "a waltz", "labels": {"tempo": 90}}\n{"prompt": "x"}\n')
    first, second = read_prompts(path)
    assert (first.text, first.labels) == ("a waltz", {"tempo": 90})
    assert second.labels == {}


@pytest.mark.parametrize(
    "line", ["{", "[]", '"a waltz"', '{"prompt": 3}', '{"prompt": "x", "labels": []}', "[" * 9999]
)
def test_a_line_that_is_no_prompt_is_named(tmp_path, line):
    path = tmp_path / "ideas.jsonl"
    path.write_text('{"prompt": "x"}\n' + line)
    with pytest.raises(ConfigError, match="line 2"):
        read_prompts(path)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00"])
def test_files_without_prompts_are_refused(tmp_path, content):
    path = tmp_path / "ideas.txt"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="one"):
        read_prompts(path)


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_prompts(tmp_path / "none.txt")
