"""all-MiniLM-L6-v2 as it comes with the package."""

import subprocess
import sys

import numpy as np
import onnxruntime
import pytest

from amadeus.errors import ConfigError
from amadeus.text.encoder import MAX_TOKENS, MINILM, MODEL, MiniLM, load_prompt_encoder, text_width

MAX_TEXT = 64
PROMPTS = [
    "a slow, melancholic piano waltz in A minor",
    "Make a medium-tempo groove featuring drums.",
    "8-bit video game tune, 140 bpm, 4/4",
    "",
]


@pytest.fixture(scope="module")
def encode():
    return load_prompt_encoder("minilm", MAX_TEXT, text_width("minilm"))


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_a_prompt_has_one_state_per_token(encode):
    (states,) = encode(["piano waltz"])
    assert states.shape == (4, text_width("minilm"))  # between the marks of beginning and end
    assert states.dtype == np.float32


def test_states_do_not_depend_on_the_company(encode):
    """Bit for bit, so that one of many pieces equals the same piece composed alone."""
    for prompt, states in zip(PROMPTS, encode(PROMPTS), strict=True):
        assert np.array_equal(states, encode([prompt])[0])
    assert encode([]) == []


def test_an_empty_prompt_has_only_the_marks(encode):
    assert [len(states) for states in encode(["", " "])] == [2, 2]


def test_a_long_prompt_is_cut(encode):
    long = "a quiet nocturne for piano, " * 72
    assert len(long) > 2000
    assert len(encode([long])[0]) == MAX_TEXT
    assert len(MiniLM(1000)([long * 5])[0]) == MAX_TOKENS


@pytest.mark.parametrize(
    ("prompt", "synonym", "unrelated"),
    [
        ("a sad piano ballad", "melancholic, mournful piano piece", "fast techno drum loop"),
        ("cheerful folk dance", "a merry country dance tune", "dark ambient drone"),
        ("string quartet", "two violins, viola and cello", "distorted electric guitar solo"),
    ],
)
def test_near_synonyms_are_nearer_than_unrelated_words(encode, prompt, synonym, unrelated):
    a, near, far = (states.mean(axis=0) for states in encode([prompt, synonym, unrelated]))
    assert cosine(a, near) > cosine(a, far) + 0.1


def test_padding_changes_no_state(encode):
    session = onnxruntime.InferenceSession(MINILM / MODEL, providers=["CPUExecutionProvider"])
    ids = np.array([[101, 3682, 16884, 102], [101, 3682, 102, 7592]])
    mask = np.array([[1, 1, 1, 1], [1, 1, 1, 0]])
    (states,) = session.run(["states"], {"input_ids": ids, "attention_mask": mask})
    alone = {"input_ids": ids[1:, :3], "attention_mask": mask[1:, :3]}
    np.testing.assert_allclose(states[1, :3], session.run(["states"], alone)[0][0], atol=1e-5)


def test_reading_a_prompt_needs_neither_torch_nor_transformers():
    code = (
        "import sys; from amadeus.text.encoder import MiniLM; MiniLM(64)(['a waltz']); "
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("contents", [None, "[]", "{", '{"width": 3}', '{"d_model": "x"}'])
def test_a_folder_that_is_no_encoder_is_named(tmp_path, contents):
    if contents is not None:
        (tmp_path / "config.json").write_text(contents)
    with pytest.raises(ConfigError, match=f"{tmp_path.name}.*minilm"):
        text_width(str(tmp_path))
