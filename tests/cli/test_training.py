"""From MIDI files to a checkpoint that composes, through the commands alone."""

from safetensors.numpy import load_file


def test_a_trained_model_composes(amadeus, training, tmp_path):
    outcome = amadeus("train", training)
    assert outcome.code == 0
    assert "step 4: loss" in outcome.out
    assert "nats per note" in outcome.out
    assert len(list((tmp_path / "run" / "samples").glob("*.mid"))) == 2
    made = amadeus("generate", "--model", "run", "--notes", 3, "--output", "a.mid")
    assert made.code == 0
    assert amadeus("inspect", "run").code == 0


def test_a_run_is_resumed_and_never_overwritten(amadeus, training, tmp_path):
    assert amadeus("train", training, "--set", f"output={tmp_path / 'whole'}").code == 0
    # A run of no minutes stops, and saves, after its first step.
    assert amadeus("train", training, "--minutes", 0).out.endswith("step 1 of 4\n")
    again = amadeus("train", training)
    assert again.code == 1
    assert "--resume" in again.err
    assert amadeus("train", training, "--resume").code == 0
    resumed, expected = (load_file(tmp_path / d / "model.safetensors") for d in ("run", "whole"))
    assert all((resumed[name] == expected[name]).all() for name in expected)


def test_a_model_is_trained_on_captions_and_composes_from_words(amadeus, training, tiny_t5):
    """With another text encoder than the packaged one, which the checkpoint remembers."""
    captions = ("--set", "text=true", "--set", f"text_encoder={tiny_t5}")
    assert amadeus("train", training, *captions).code == 0
    words = ("--prompt", "slow piano waltz", "--notes", 3)
    assert amadeus("generate", "--model", "run", *words, "--output", "a.mid").code == 0
