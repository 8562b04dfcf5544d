import numpy as np
import pytest
import torch

from amadeus.diffusion import UnmaskConfig, guide
from amadeus.errors import ConfigError, GrammarError
from amadeus.inference.composition import compose, stream
from amadeus.inference.naive import compose_naively
from amadeus.inference.request import Request
from amadeus.inference.torch_engine import TorchEngine
from amadeus.model import Amadeus, ModelConfig
from amadeus.tokens import Attribute, RowType, decode, encode
from amadeus.tokens.grammar import MAX_SIZE, VALUES, check
from amadeus.tokens.tokenizer import mark
from amadeus.tokens.vocabulary import bar_type, has_sound, metre_index, opens_bar

CONTEXT = 64


def note(row_type=RowType.NOTE, beat=1, pitch=61):
    return np.array([[row_type, beat, 2, 41, 1, pitch, 12, 20]])


def bar(**kwargs):
    return note(bar_type(metre_index(4, 4)), **kwargs)


def start(*rows):
    return np.concatenate([mark(RowType.START), *rows])


PROMPT = start(bar(), note(pitch=65), note(beat=13), bar(beat=25))


def naive_logits(model, rows, text):
    """Logits of the row after `rows` with everything masked, [A, V]."""
    with torch.inference_mode():
        states = None if text is None else text[None]
        lengths = None if text is None else torch.tensor([len(text)])
        context = model.contextualize(
            torch.from_numpy(rows.astype(np.int64))[None], states, lengths
        )
        slots = model.slots(context, context.latents[:, -1:])[0, 0]
        unknown = torch.ones(8, dtype=torch.bool)
        return model.decoder(slots[None], torch.zeros(1, 8, dtype=torch.long), unknown[None])[0]


@pytest.mark.parametrize("enhancement", [True, False])
def test_cached_logits_equal_full_forward(tiny_model, caption, enhancement):
    model = tiny_model
    if not enhancement:
        torch.manual_seed(0)
        model = Amadeus(ModelConfig(width=32, layers=2, heads=2, enhancement=False)).eval()
    texts = [caption, None, caption[:2]]
    rows = [PROMPT, PROMPT[:1], PROMPT[:3]]
    engine = TorchEngine(model, texts, CONTEXT)
    for slot, given in enumerate(rows):
        engine.prefill(slot, given.astype(np.int64))
    values, known = np.zeros((3, 8), dtype=np.int64), np.zeros((3, 8), dtype=bool)
    for step in range(4):
        engine.enhance()
        logits = engine.predict(values, known)
        for slot, text in enumerate(texts):
            expected = naive_logits(model, rows[slot], text)
            np.testing.assert_allclose(logits[slot], expected, atol=1e-4, rtol=1e-4)
        rows = [np.concatenate([given, note(beat=20 + step)]) for given in rows]
        engine.step(np.stack([given[-1] for given in rows]).astype(np.int64))


def test_future_rows_have_no_influence_on_past_latents(tiny_model, caption):
    other = PROMPT.copy()
    other[-1, Attribute.PITCH] = 90
    lengths = torch.tensor([len(caption)])
    with torch.inference_mode():
        first, second = (
            tiny_model.contextualize(
                torch.from_numpy(rows.astype(np.int64))[None], caption[None], lengths
            )
            for rows in (PROMPT, other)
        )
    torch.testing.assert_close(first.latents[:, :-1], second.latents[:, :-1], atol=1e-6, rtol=0)
    torch.testing.assert_close(first.memory, second.memory, atol=1e-6, rtol=0)
    assert not torch.allclose(first.latents[:, -1], second.latents[:, -1])


@pytest.mark.parametrize("num_steps", [1, 3, 8])
@pytest.mark.parametrize("order", ["confidence", "entropy", "random", "fixed"])
def test_engine_composes_what_the_oracle_composes(tiny_model, waltz, caption, order, num_steps):
    request = Request(
        num_bars=3,
        seed=num_steps,
        unmask=UnmaskConfig(
            num_steps=num_steps, order=order, temperature=0.9, top_p=0.98, min_p=0.02
        ),
        text=caption,
        constrain=waltz,
    )
    (piece,) = compose(tiny_model, [request])
    np.testing.assert_array_equal(piece, compose_naively(tiny_model, request, 2048))
    check(piece)
    np.testing.assert_array_equal(encode(decode(piece)), piece)


@pytest.mark.parametrize("guidance", [0.0, 0.5, 3.0])
def test_guided_engine_composes_what_the_oracle_composes(tiny_model, waltz, caption, guidance):
    request = Request(num_bars=3, seed=2, text=caption, guidance=guidance, constrain=waltz)
    (piece,) = compose(tiny_model, [request])
    np.testing.assert_array_equal(piece, compose_naively(tiny_model, request, 2048))


def test_guidance_of_one_is_the_text_and_of_zero_none(tiny_model, waltz, caption):
    def piece(**settings):
        return compose(tiny_model, [Request(num_bars=2, seed=1, constrain=waltz, **settings)])[0]

    plain, without = piece(text=caption), piece()
    assert not np.array_equal(plain, without)
    np.testing.assert_array_equal(piece(text=caption, guidance=1.0), plain)
    np.testing.assert_array_equal(piece(text=caption, guidance=0.0), without)
    np.testing.assert_array_equal(piece(guidance=5.0), without)


def test_what_guidance_does_to_two_distributions():
    with_text, without = np.log([0.5, 0.25, 0.25]), np.log([0.25, 0.5, 0.25])
    guided = np.exp(guide(with_text, without, 2.0))
    np.testing.assert_allclose(guided / guided.sum(), np.array([8, 1, 2]) / 11)


def requests(waltz, caption):
    """Five pieces that differ in everything, and end at different times."""
    return [
        Request(num_bars=3, seed=1, constrain=waltz),
        Request(num_bars=1, seed=2, text=caption, unmask=UnmaskConfig(num_steps=2)),
        Request(prompt=PROMPT, max_notes=9, seed=3, text=caption[:2], constrain=waltz),
        Request(num_bars=2, seed=1, constrain=waltz, unmask=UnmaskConfig(order="random")),
        Request(num_bars=2, seed=4, constrain=waltz, text=caption, guidance=2.0),
    ]


def test_a_piece_is_the_same_in_a_batch_and_alone(tiny_model, waltz, caption):
    pieces = compose(tiny_model, requests(waltz, caption))
    for request, piece in zip(requests(waltz, caption), pieces, strict=True):
        np.testing.assert_array_equal(compose(tiny_model, [request])[0], piece)


def test_rows_are_streamed_as_they_are_composed(tiny_model, waltz, caption):
    seen = [[] for _ in range(5)]
    pieces = compose(
        tiny_model, requests(waltz, caption), on_row=lambda index, row: seen[index].append(row)
    )
    for request, piece, rows in zip(requests(waltz, caption), pieces, seen, strict=True):
        composed = piece[len(request.prompt) :]
        np.testing.assert_array_equal(rows, composed)
        np.testing.assert_array_equal(list(stream(tiny_model, request)), composed)


def test_a_stream_can_be_given_up(tiny_model):
    rows = stream(tiny_model, Request(seed=0, num_bars=4))
    assert next(rows)[Attribute.TYPE] > RowType.NOTE
    rows.close()
    assert not torch.is_inference_mode_enabled()


def test_seeds_make_the_difference(tiny_model, waltz):
    def piece(seed):
        return compose(tiny_model, [Request(num_bars=2, seed=seed, constrain=waltz)])[0]

    np.testing.assert_array_equal(piece(5), piece(5))
    assert not np.array_equal(piece(5), piece(6))


@pytest.mark.parametrize("num_bars", [1, 2, 5])
def test_piece_ends_with_the_bar_asked_for(tiny_model, waltz, num_bars):
    (piece,) = compose(tiny_model, [Request(num_bars=num_bars, seed=3, constrain=waltz)])
    types = piece[:, Attribute.TYPE]
    assert opens_bar(types).sum() == num_bars
    assert types[-1] == RowType.END
    assert has_sound(types[-2])


def test_no_more_notes_than_asked_for(tiny_model):
    for seed in range(4):
        (piece,) = compose(tiny_model, [Request(max_notes=3, seed=seed)])
        assert len(piece) <= 5
        check(piece)


def test_the_end_is_known_by_its_type_alone(tiny_model):
    def only_ends_and_bars(grammar):
        permitted = VALUES.copy()
        permitted[Attribute.TYPE, RowType.NOTE] = False
        grammar.permit(permitted, permitted if grammar.notes < 2 else VALUES & False)

    request = Request(prompt=start(bar(), note(beat=47)), constrain=only_ends_and_bars)
    (piece,) = compose(tiny_model, [request])
    np.testing.assert_array_equal(piece[-1], mark(RowType.END)[0])
    assert len(piece) == len(request.prompt) + 1


def test_given_rows_stay_and_writing_begins_at_the_bar_line(tiny_model, waltz):
    (piece,) = compose(tiny_model, [Request(prompt=PROMPT, num_bars=2, constrain=waltz)])
    np.testing.assert_array_equal(piece[: len(PROMPT)], PROMPT)
    assert opens_bar(piece[len(PROMPT), Attribute.TYPE])
    assert opens_bar(piece[:, Attribute.TYPE]).sum() == 2 + 2


def test_a_passage_before_given_bars_ends_with_join(tiny_model, waltz):
    prompt = np.concatenate([mark(RowType.FUTURE), bar(), bar(), mark(RowType.END), PROMPT])
    request = Request(prompt=prompt, num_bars=2, ends_with=RowType.JOIN, constrain=waltz)
    (piece,) = compose(tiny_model, [request])
    check(piece, ends_with=RowType.JOIN)
    assert opens_bar(piece[len(prompt) :, Attribute.TYPE]).sum() == 2
    np.testing.assert_array_equal(piece, compose_naively(tiny_model, request, 2048))


def test_a_piece_may_outgrow_the_context(tiny_model, waltz, caption):
    request = Request(num_bars=28, seed=4, constrain=waltz, text=caption)
    (piece,) = compose(tiny_model, [request], context=24)
    assert len(piece) > 2 * 24
    check(piece)
    np.testing.assert_array_equal(piece, compose_naively(tiny_model, request, 24))


def test_a_long_prompt_and_a_short_one_share_a_batch(tiny_model, waltz):
    long = start(*[row for _ in range(100) for row in (bar(), note(pitch=65), note(beat=13))])
    requests = [
        Request(prompt=long, num_bars=2, constrain=waltz),
        Request(num_bars=4, constrain=waltz),
    ]
    pieces = compose(tiny_model, requests)
    for request, piece in zip(requests, pieces, strict=True):
        np.testing.assert_array_equal(piece, compose_naively(tiny_model, request, 2048))


def test_constraints_hold_in_every_row(tiny_model):
    permitted = VALUES.copy()
    permitted[Attribute.PITCH] = np.isin(np.arange(MAX_SIZE), [61, 63, 65])
    request = Request(num_bars=4, constrain=lambda g: g.permit(permitted, permitted))
    (piece,) = compose(tiny_model, [request])
    pitches = piece[has_sound(piece[:, Attribute.TYPE]), Attribute.PITCH]
    assert len(pitches)
    assert np.isin(pitches, [61, 63, 65]).all()


def test_constraints_that_leave_nothing_are_an_error(tiny_model):
    nothing = VALUES & False
    request = Request(num_bars=1, constrain=lambda g: g.permit(nothing, nothing))
    with pytest.raises(GrammarError, match="permit more"):
        compose(tiny_model, [request])


def test_nothing_asked_nothing_composed(tiny_model):
    assert compose(tiny_model, []) == []


@pytest.mark.parametrize("setting", [{"num_bars": 0}, {"max_notes": 0}, {"seed": -1}])
def test_requests_that_cannot_be_met_are_refused(setting):
    with pytest.raises(ConfigError, match=next(iter(setting))):
        Request(**setting)
