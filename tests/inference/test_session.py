"""Pieces that come and go: none of them is changed by any other."""

import numpy as np
import pytest

from amadeus.control import Constraints, Control
from amadeus.diffusion import UnmaskConfig
from amadeus.errors import BusyError, ConfigError, GrammarError
from amadeus.inference.naive import compose_naively
from amadeus.inference.native import NativeNetwork, fits
from amadeus.inference.request import Request
from amadeus.inference.session import Session
from amadeus.model import PRESETS
from amadeus.tokens import RowType
from amadeus.tokens.grammar import MAX_SIZE
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import bar_type, metre_index

CONTEXT = 48
BAR = [bar_type(metre_index(4, 4)), 1, 2, 41, 1, 61, 12, 20]


@pytest.fixture(params=["torch", "core", "bytes"])
def network(request, tiny_model):
    """What runs the network, and whether it computes as the oracle does."""
    if request.param == "torch":
        return tiny_model, True
    if not fits(PRESETS["nano"]):
        pytest.skip("the core is not compiled")
    weights = {name: tensor.numpy() for name, tensor in tiny_model.state_dict().items()}
    exact = request.param == "core"
    return NativeNetwork(tiny_model.config, weights, exact=exact), exact


def request(rng, caption, waltz):
    """Some piece: captioned or not, guided or not, held to something or not, going on or not."""
    bars, given = (int(number) for number in rng.integers((1, 0), (7, 3)))
    text = (None, caption, caption[:2], caption[1:])[rng.integers(4)]
    constrain = waltz
    if rng.random() < 0.3:
        held = Constraints("key: A minor", "density: at most 6", "instruments: piano, cello")
        constrain = Control(held.plan(bars, 40), given)
    return Request(
        prompt=np.concatenate([mark(RowType.START), *[[BAR]] * given]),
        num_bars=bars,
        max_notes=40,
        seed=int(rng.integers(1000)),
        text=text,
        guidance=float(rng.choice([1.0, 2.5])),
        constrain=constrain,
        unmask=UnmaskConfig(num_steps=int(rng.integers(1, 9)), temperature=0.9),
    )


def requests(count, caption, waltz, seed=0):
    rng = np.random.default_rng(seed)
    return [request(rng, caption, waltz) for _ in range(count)]


def test_arrivals_and_cancellations_change_no_other_piece(network, tiny_model, waltz, caption):
    model, exact = network
    arriving = requests(14, caption, waltz)
    session = Session(model, max_pieces=3, context=CONTEXT)
    rng = np.random.default_rng(1)
    pieces, rows, given_up = [], {}, set()
    while len(pieces) < len(arriving) or session.pieces or session.waiting:
        while len(pieces) < len(arriving) and rng.random() < 0.3:
            pieces.append(session.submit(arriving[len(pieces)]))
        there = session.pieces + session.waiting
        if there and rng.random() < 0.15:
            piece = there[rng.integers(len(there))]
            session.cancel(piece)
            given_up.add(pieces.index(piece))
        for piece, row in session.step():
            rows.setdefault(piece, []).append(row)
        assert len(session.pieces) <= 3
    assert 2 <= len(given_up) <= 9
    alone = requests(14, caption, waltz)
    for index, piece in enumerate(pieces):
        composed = np.array(rows.get(piece, np.zeros((0, 8))))
        np.testing.assert_array_equal(composed, piece.tokens[len(arriving[index].prompt) :])
        if exact:
            expected = compose_naively(tiny_model, alone[index], CONTEXT)
        else:
            lone = Session(model, context=CONTEXT)
            expected = lone.submit(alone[index])
            assert sum(1 for _ in lone) == len(expected.tokens) - len(alone[index].prompt)
            expected = expected.tokens
        assert piece.grammar.ended == (index not in given_up)
        np.testing.assert_array_equal(piece.tokens, expected[: len(piece.tokens)])
        assert index in given_up or len(piece.tokens) == len(expected)


def test_pieces_begin_in_order_of_submission_as_others_end(network):
    session = Session(network[0], max_pieces=2)
    pieces = [session.submit(Request(num_bars=1, max_notes=4, seed=seed)) for seed in range(6)]
    assert session.waiting == pieces
    begun = []
    for piece, _ in session:
        begun += [] if piece in begun else [piece]
        running = [p for p in begun if not p.grammar.ended]
        assert len(running) <= 2
    assert begun == pieces
    assert all(piece.grammar.ended for piece in pieces)
    assert session.step() == []
    late = session.submit(Request(num_bars=1, max_notes=4, seed=3))
    assert len(list(session)) == len(late.tokens) - 1
    np.testing.assert_array_equal(late.tokens, pieces[3].tokens)


def test_no_more_may_wait_than_there_is_room_for(tiny_model):
    session = Session(tiny_model, max_pieces=1, max_waiting=2)
    pieces = [session.submit(Request(num_bars=1, max_notes=4)) for _ in range(2)]
    with pytest.raises(BusyError, match="2 pieces are waiting already"):
        session.submit(Request())
    session.cancel(pieces[0])
    session.submit(Request(num_bars=1, max_notes=4))
    session.step()
    assert session.pieces == [pieces[1]]
    assert len(session.waiting) == 1


def test_a_prompt_that_is_no_music_is_refused_before_it_waits(tiny_model):
    session = Session(tiny_model)
    with pytest.raises(GrammarError):
        session.submit(Request(prompt=np.array([BAR])))
    assert session.waiting == []


@pytest.mark.parametrize("setting", ["max_pieces", "max_waiting"])
def test_a_session_has_room(tiny_model, setting):
    with pytest.raises(ConfigError, match=setting):
        Session(tiny_model, **{setting: 0})


def test_a_caption_longer_than_the_network_reads_is_refused(network):
    session = Session(network[0])
    config = PRESETS["nano"]
    for shape in ((config.max_prefix + 1, config.text_width), (3, config.text_width + 1)):
        with pytest.raises(ConfigError, match="use the encoder it was trained with"):
            session.submit(Request(text=np.zeros(shape)))


def test_a_piece_that_cannot_go_on_leaves_the_others_in_peace(network, tiny_model, waltz, caption):
    """One contradicts itself when it is asked what may come, one by what it permits."""
    model, exact = network

    def refuses(grammar):
        if grammar.bars > 2:
            raise GrammarError("nothing may come")
        return waltz(grammar)

    def permits_nothing(grammar):
        if grammar.bars > 1:
            grammar.permit(np.zeros((8, MAX_SIZE), dtype=bool))
            return None
        return waltz(grammar)

    asked = requests(4, caption, waltz)
    session = Session(model, max_pieces=6, context=CONTEXT)
    pieces = [session.submit(one) for one in asked]
    failing = [
        session.submit(Request(num_bars=6, seed=8, constrain=one, unmask=UnmaskConfig(num_steps=2)))
        for one in (refuses, permits_nothing)
    ]
    for _ in session:
        pass
    assert [isinstance(piece.error, GrammarError) for piece in failing] == [True, True]
    assert not session.pieces
    assert not session.waiting
    for one, piece in zip(requests(4, caption, waltz), pieces, strict=True):
        assert piece.error is None
        if exact:
            expected = compose_naively(tiny_model, one, CONTEXT)
            np.testing.assert_array_equal(piece.tokens, expected)
