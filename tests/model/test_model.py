from dataclasses import replace

import pytest
import torch

from amadeus.errors import ConfigError
from amadeus.model import PRESETS, Amadeus, ModelConfig
from amadeus.tokens import NUM_ATTRIBUTES, SIZES

NUM_ROWS, NUM_TEXT, BATCH = 7, 5, 3
LENGTHS = torch.tensor([3, 0, 5])


@pytest.fixture
def tokens(generator):
    columns = [torch.randint(0, size, (BATCH, NUM_ROWS), generator=generator) for size in SIZES]
    return torch.stack(columns, dim=-1)


@pytest.fixture
def text(tiny_model, generator):
    return torch.randn(BATCH, NUM_TEXT, tiny_model.config.text_width, generator=generator)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def is_text(lengths=LENGTHS):
    """bool [B, S], False at padding."""
    return torch.arange(NUM_TEXT) < lengths[:, None]


def slots_of(model, context):
    return model.slots(context, context.latents)


@pytest.mark.parametrize("with_text", [False, True])
@pytest.mark.parametrize("row", [0, 3, NUM_ROWS - 1])
def test_future_rows_have_zero_gradient(tiny_model, tokens, text, with_text, row):
    embedded = []
    hook = tiny_model.embedder.register_forward_hook(
        lambda module, args, out: embedded.append(out.detach().requires_grad_()) or embedded[0]
    )
    context = tiny_model.contextualize(tokens, *((text, LENGTHS) if with_text else ()))
    hook.remove()
    (gradient,) = torch.autograd.grad(context.latents[:, row].sum(), embedded)
    size = gradient.abs().sum(-1)  # [B, N]
    assert (size[:, row + 1 :] == 0).all()
    assert (size[:, : row + 1] > 0).all()


def test_padding_text_changes_nothing(tiny_model, tokens, text):
    noisy = torch.where(is_text()[..., None], text, 100 * text)
    clean, padded = (tiny_model.contextualize(tokens, t, LENGTHS) for t in (text, noisy))
    assert torch.equal(clean.latents, padded.latents)
    assert torch.equal(slots_of(tiny_model, clean), slots_of(tiny_model, padded))


def test_more_padding_changes_nothing(tiny_model, tokens, text):
    longer = torch.cat([text, text], dim=1)
    short, long = (tiny_model.contextualize(tokens, t, LENGTHS) for t in (text, longer))
    torch.testing.assert_close(long.latents, short.latents)
    torch.testing.assert_close(slots_of(tiny_model, long), slots_of(tiny_model, short))


def test_a_text_of_length_zero_is_no_text(tiny_model, tokens, text):
    none = tiny_model.contextualize(tokens)
    empty = tiny_model.contextualize(tokens, text, torch.zeros(BATCH, dtype=torch.long))
    torch.testing.assert_close(empty.latents, none.latents)
    torch.testing.assert_close(slots_of(tiny_model, empty), slots_of(tiny_model, none))


def test_text_changes_every_latent(tiny_model, tokens, text):
    other = tiny_model.contextualize(tokens, -text, LENGTHS).latents
    difference = (tiny_model.contextualize(tokens, text, LENGTHS).latents - other).abs().sum(-1)
    assert (difference[LENGTHS > 0] > 0).all()
    assert (difference[LENGTHS == 0] == 0).all()


def test_a_batch_of_prompts_is_as_good_as_one_at_a_time(tiny_model, tokens, text):
    together = tiny_model.contextualize(tokens, text, LENGTHS)
    for i, length in enumerate(LENGTHS):
        alone = tiny_model.contextualize(
            tokens[i : i + 1], text[i : i + 1, :length], LENGTHS[i : i + 1]
        )
        torch.testing.assert_close(alone.latents[0], together.latents[i])
        torch.testing.assert_close(alone.intermediate[0], together.intermediate[i])
        torch.testing.assert_close(
            slots_of(tiny_model, alone)[0], slots_of(tiny_model, together)[i]
        )


def test_the_memory_is_the_text_and_the_first_row(tiny_model, tokens, text):
    context = tiny_model.contextualize(tokens, text, LENGTHS)
    assert context.memory_mask.sum(1).tolist() == (LENGTHS + 1).tolist()
    first = context.memory[torch.arange(BATCH), LENGTHS]
    assert torch.equal(first, context.latents[:, 0])


def test_the_memory_mask_hides_padding(tiny_model, tokens, text):
    context = tiny_model.contextualize(tokens, text, LENGTHS)
    hidden = torch.where(context.memory_mask[..., None], context.memory, 100.0)
    visible = torch.where(context.memory_mask[..., None], -context.memory, context.memory)
    slots = slots_of(tiny_model, context)
    assert torch.equal(slots_of(tiny_model, context._replace(memory=hidden)), slots)
    assert not torch.allclose(slots_of(tiny_model, context._replace(memory=visible)), slots)


def test_the_slots_of_a_note_differ(tiny_model, tokens):
    context = tiny_model.contextualize(tokens)
    slots = slots_of(tiny_model, context)
    assert slots.shape == (BATCH, NUM_ROWS, NUM_ATTRIBUTES, tiny_model.config.decoder_width)
    distance = torch.cdist(slots, slots) + torch.eye(NUM_ATTRIBUTES)
    assert distance.min() > 0.1


def test_without_enhancement_the_model_is_smaller_and_works(tiny_model, tokens, text):
    model = Amadeus(replace(tiny_model.config, enhancement=False))
    assert model.num_parameters() < tiny_model.num_parameters()
    context = model.contextualize(tokens, text, LENGTHS)
    slots = slots_of(model, context)
    logits = model.decoder(slots, tokens, torch.ones_like(tokens, dtype=torch.bool))
    assert logits.shape == (BATCH, NUM_ROWS, NUM_ATTRIBUTES, max(SIZES))
    assert not torch.isnan(logits).any()


@pytest.mark.parametrize("masked_slot", range(NUM_ATTRIBUTES))
def test_a_masked_slot_sees_every_known_one(tiny_model, tokens, generator, masked_slot):
    values = tokens[0, 0]
    slots = torch.randn(NUM_ATTRIBUTES, tiny_model.config.decoder_width, generator=generator)
    masked = torch.arange(NUM_ATTRIBUTES) == masked_slot
    size = SIZES[masked_slot]

    def logits(values):
        return tiny_model.decoder(slots, values, masked)[masked_slot, :size]

    for other in range(NUM_ATTRIBUTES):
        changed = values.clone()
        changed[other] = (values[other] + 1) % SIZES[other]
        same = torch.equal(logits(changed), logits(values))
        assert same == (other == masked_slot)  # what a masked slot hides leaks nowhere


def test_values_that_an_attribute_lacks_are_impossible(tiny_model, tokens):
    slots = slots_of(tiny_model, tiny_model.contextualize(tokens))
    logits = tiny_model.decoder(slots, tokens, torch.ones_like(tokens, dtype=torch.bool))
    for attribute, size in enumerate(SIZES):
        assert torch.isfinite(logits[..., attribute, :size]).all()
        assert (logits[..., attribute, size:] == float("-inf")).all()


def test_a_new_model_finds_all_values_equally_likely(tokens):
    model = Amadeus(PRESETS["nano"])
    slots = slots_of(model, model.contextualize(tokens))
    logits = model.decoder(slots, tokens, torch.ones_like(tokens, dtype=torch.bool))
    assert (logits[logits.isfinite()] == 0).all()


def test_presets_grow():
    with torch.device("meta"):
        millions = {name: Amadeus(PRESETS[name]).num_parameters() / 1e6 for name in PRESETS}
    assert list(millions) == ["nano", "small", "base", "large", "xl"]
    assert sorted(millions.values()) == list(millions.values())
    assert millions["nano"] < 2
    assert millions["small"] == pytest.approx(30.8, abs=0.1)
    assert millions["xl"] == pytest.approx(500, rel=0.05)


@pytest.mark.parametrize(
    "fields",
    [
        *({"width": 500}, {"kv_heads": 3}, {"layers": 0}, {"decoder_heads": 3}),
        *({"layers": 5_000_000}, {"context": 2**40}, {"layers": True}, {"width": 64.0}),
        *({"rope_theta": float("inf")}, {"enhancement": None}, {"text_encoder": None}),
    ],
)
def test_sizes_that_cannot_work_are_refused_at_once(fields):
    with pytest.raises(ConfigError, match=next(iter(fields)).removeprefix("decoder_")):
        ModelConfig(**fields)


@pytest.mark.parametrize("device", ["nonsense", "meta:x"])
def test_a_device_that_is_not_here_is_named(device):
    with pytest.raises(ConfigError, match=f"'{device}'.*choose cpu"):
        Amadeus(PRESETS["nano"]).to_device(device)
