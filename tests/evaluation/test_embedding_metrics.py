"""Networks of others in the report: that they are asked the right question, not what they say."""

from dataclasses import replace

import numpy as np
import pytest

from amadeus.evaluation.embedding_metrics import clap_part, frechet_part
from amadeus.evaluation.evidence import Evidence, System
from amadeus.evaluation.parts import PARTS, report_on
from amadeus.evaluation.pieces import Piece
from amadeus.music.midi import read_midi
from amadeus.text.prompt_list import LabelledPrompt

pytest.importorskip("transformers")


@pytest.fixture
def evidence(fixtures):
    scores = [read_midi(fixtures / f"{name}.mid") for name in ("string_quartet", "game_band")]
    prompts = [LabelledPrompt(id=str(i), text=t, labels={}) for i, t in enumerate(("sad", "happy"))]
    pieces = [
        Piece(name=f"{prompt.id}.mid", score=score, prompt=prompt)
        for score, prompt in zip(scores, prompts, strict=True)
    ]
    return Evidence(systems=[System("ours", pieces, 2)], bars=2, prompts=prompts, reference=scores)


def test_they_have_their_tables(evidence, tiny_clap, tiny_clamp):
    parts = [*PARTS, clap_part(tiny_clap), frechet_part(tiny_clamp)]
    report = report_on(evidence, {}, parts)
    assert [table.title for table in report.tables][-2:] == [
        "Sound and words",
        "Frechet music distance",
    ]
    heard = report.values["clap"]["ours"]
    assert heard["pieces"] == 2
    assert heard["retrieval at 10"]["mean"] == 1, "there are but two captions"
    assert heard["retrieval at 10 by chance"] == 1
    assert -1 <= heard["similarity"]["low"] <= heard["similarity"]["high"] <= 1


def test_pieces_of_one_prompt_are_drawn_together(evidence, tiny_clap):
    (system,) = evidence.systems
    pieces = [replace(piece, prompt=evidence.prompts[0]) for piece in system.pieces]
    alike = replace(evidence, systems=[System("ours", pieces, 2)])
    heard = clap_part(tiny_clap)(alike).values["clap"]["ours"]
    assert (heard["pieces"], heard["prompts"]) == (2, 1)
    assert heard["similarity"]["low"] is None, "one prompt alone says nothing of others"


def test_a_set_is_nearer_to_itself_than_to_another(evidence, tiny_clamp, fixtures):
    part = frechet_part(tiny_clamp)
    itself = part(evidence).values["frechet music distance"]["ours"]
    other = [read_midi(fixtures / "funk_drums.mid")] * 2
    elsewhere = Evidence(systems=evidence.systems, bars=2, reference=other)
    assert part(elsewhere).values["frechet music distance"]["ours"] > itself + 1e-3
    assert np.isfinite(itself)


def test_nothing_to_hear_is_no_part(evidence, tiny_clap, tiny_clamp):
    assert clap_part(tiny_clap)(Evidence(systems=[], bars=2)) is None
    assert frechet_part(tiny_clamp)(Evidence(systems=evidence.systems, bars=2)) is None
