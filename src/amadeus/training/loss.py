"""The training objective: masked diffusion over attributes, and MLSDES over pieces."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from amadeus.diffusion.masking import draw_masks
from amadeus.model import Amadeus
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES, Attribute, RowType, is_predicted


class Noise(NamedTuple):
    """All the randomness of one loss, drawn outside of it, so that a step can be repeated."""

    places: Tensor
    """[B, P] uniform: which P of the rows the decoder is trained on, one from each P-th part."""
    masks: Tensor
    """[B (P + opening), 1 + A] uniform: which attributes are hidden."""
    opening: int = 0
    """The decoder is also trained on this many rows at the start of every excerpt."""

    @classmethod
    def draw(cls, batch: int, places: int, generator: torch.Generator, opening: int = 0) -> Noise:
        device = generator.device
        looks = batch * (opening + places)
        return cls(
            torch.rand(batch, places, generator=generator, device=device),
            torch.rand(looks, 1 + NUM_ATTRIBUTES, generator=generator, device=device),
            opening,
        )


class Losses(NamedTuple):
    """What a batch costs."""

    attribute_nats: Tensor
    """[A] bound on the negative log-likelihood, in nats, summed over the rows looked at."""
    num_rows: Tensor
    """Number of rows looked at: notes, empty bars and ends; padding never counts."""
    dispersion: Tensor
    """MLSDES, see `dispersion_loss`."""

    @property
    def nats_per_note(self) -> Tensor:
        return self.attribute_nats.sum() / self.num_rows.clamp(min=1)


class Objective(nn.Module):
    """The model with its loss as one module, to be compiled and distributed."""

    def __init__(self, model: Amadeus, temperature: float = 0.1) -> None:
        super().__init__()
        self.model = model
        self.temperature = temperature

    def forward(
        self,
        tokens: Tensor,
        text: Tensor | None,
        text_lengths: Tensor | None,
        noise: Noise,
        profile: Tensor | None = None,
        profile_lengths: Tensor | None = None,
    ) -> Losses:
        """tokens: int [B, N, A], padded with rows of type PAD; text and profile as in `prefix`."""
        if profile is not None and profile_lengths is not None:
            text, text_lengths = self.model.prefix(profile, profile_lengths, text, text_lengths)
        context = self.model.contextualize(tokens, text, text_lengths)
        targets = tokens[:, 1:]
        latents = context.latents[:, :-1]
        batch, available = targets.shape[:2]
        chosen = noise.opening + noise.places.shape[1]
        opening = torch.arange(noise.opening, device=targets.device).clamp(max=available - 1)
        sampled = choose_places(noise.places, available)
        places = torch.cat([opening.expand(batch, -1), sampled], dim=1)
        targets = targets.gather(1, places[..., None].expand(-1, -1, NUM_ATTRIBUTES))
        latents = latents.gather(1, places[..., None].expand(-1, -1, latents.shape[-1]))

        slots = self.model.slots(context, latents)  # [B, C, A, E]
        masked, weight = self.hide(noise.masks)
        masked = masked.view(batch, chosen, NUM_ATTRIBUTES)
        logits = self.model.decoder(slots, targets, masked)  # [B, C, A, V]
        nats = F.cross_entropy(logits.flatten(0, 2), targets.flatten(), reduction="none")
        counted = is_predicted(targets[..., Attribute.TYPE])  # [B, C]
        nats = nats.view_as(targets) * masked * weight.view(batch, chosen, 1)
        valid = tokens[..., Attribute.TYPE] != RowType.PAD
        return Losses(
            attribute_nats=(nats * counted[..., None]).sum((0, 1)),
            num_rows=counted.sum(),
            dispersion=dispersion_loss(context.intermediate, valid, self.temperature),
        )

    def hide(self, uniform: Tensor) -> tuple[Tensor, Tensor]:
        """Which attributes are to be predicted, and what they weigh; as in `draw_masks`."""
        return draw_masks(uniform)


def choose_places(uniform: Tensor, available: int) -> Tensor:
    """P of so many places, one from each P-th part, int [B, P]. uniform: [B, P] from U(0, 1)."""
    chosen = uniform.shape[1]
    start = torch.arange(chosen, device=uniform.device) * available / chosen
    return (start + uniform * (available / chosen)).long().clamp(max=available - 1)


def dispersion_loss(hidden: Tensor, valid: Tensor, temperature: float) -> Tensor:
    """MLSDES: log mean over pairs of pieces of exp(-d / temperature), d their cosine distance.

    Minimising it pushes the mean hidden states of different pieces apart ("Amadeus", arXiv
    2508.20665; the sign is the one that disperses).

    hidden: [B, N, D]; valid: bool [B, N], False at padding. Returns a scalar, 0 for a single piece.
    """
    batch = len(hidden)
    if batch < 2:
        return hidden.new_zeros(())
    same = torch.eye(batch, dtype=torch.bool, device=hidden.device)
    distances = piece_distances(hidden, valid)
    scores = (-distances / temperature).masked_fill(same, float("-inf"))
    pairs = torch.tensor(float(batch * (batch - 1)), device=hidden.device)
    return scores.flatten().logsumexp(0) - pairs.log()


def piece_distances(hidden: Tensor, valid: Tensor) -> Tensor:
    """Cosine distances between the mean hidden states of pieces, float32 [B, B].

    hidden: [B, N, D]; valid: bool [B, N], False at padding.
    """
    weight = valid[..., None].float()
    mean = (hidden.float() * weight).sum(1) / weight.sum(1).clamp(min=1)
    unit = F.normalize(mean, dim=-1)
    return 1.0 - unit @ unit.T
