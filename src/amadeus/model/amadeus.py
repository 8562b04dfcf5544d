"""Amadeus: text and notes in, distributions over the next note's attributes out."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from amadeus.errors import ConfigError
from amadeus.model.conditional_enhancement import ConditionalEnhancement
from amadeus.model.config import ModelConfig
from amadeus.model.layers import linear, rms_norm
from amadeus.model.note_decoder import NoteDecoder
from amadeus.model.note_embedder import NoteEmbedder
from amadeus.model.note_generator import NoteGenerator
from amadeus.model.profile_embedder import ProfileEmbedder, join


class Context(NamedTuple):
    """The output of the generator."""

    latents: Tensor
    """[B, N, D]; latents[:, n] depends on the text and rows 0..n, and predicts row n + 1."""
    memory: Tensor
    """[B, M, D] latents of the text and the first row, right-padded: the context memory of CIEM."""
    memory_mask: Tensor
    """bool [B, M], False at padding."""
    intermediate: Tensor
    """[B, N, D] hidden states of the rows at about a third of the depth, for MLSDES."""


class Amadeus(nn.Module):
    """The whole network. `contextualize` runs once per row, `decoder` once per diffusion step."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedder = NoteEmbedder(config.width)
        self.text_projection = linear(config.text_width, config.width)
        self.generator = NoteGenerator(config)
        self.enhancement = ConditionalEnhancement(config)
        self.decoder = NoteDecoder(config)
        self.profile_embedder = ProfileEmbedder(config.text_width) if config.profile else None

    def prefix(
        self,
        profile: Tensor,
        profile_lengths: Tensor,
        text: Tensor | None = None,
        text_lengths: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The prefix of the rows: the vectors of the profile, then the text.

        profile: int [B, P, 2], as from `profile.conditions`, padded with 0; profile_lengths: int
        [B]; text, text_lengths: as in `contextualize`, which takes the results instead of these.
        A network without profiles only reads the text.
        """
        if text is None or text_lengths is None:
            text = self.text_projection.weight.new_zeros(len(profile), 0, self.config.text_width)
            text_lengths = torch.zeros_like(profile_lengths)
        if self.profile_embedder is None:
            return text, text_lengths
        return join(self.profile_embedder(profile), profile_lengths, text, text_lengths)

    def contextualize(
        self, tokens: Tensor, text: Tensor | None = None, text_lengths: Tensor | None = None
    ) -> Context:
        """Run the note generator.

        tokens: int [B, N, A].
        text: [B, S, text_width] token states of the prompt, right-padded; None for no prompt.
        text_lengths: int [B], the number of tokens; 0 for a piece without a prompt.
        """
        rows = self.embedder(tokens)  # [B, N, D]
        batch, num_rows, width = rows.shape
        if text is None or text_lengths is None:
            text = rows.new_zeros(batch, 0, self.config.text_width)
            text_lengths = torch.zeros(batch, dtype=torch.long, device=rows.device)
        num_text = text.shape[1]
        # Text ends right before the first row and padding comes last, so causal attention hides the
        # padding. This needs no mask, and the fastest attention kernels have none.
        place = torch.arange(num_text + num_rows, device=rows.device)  # [T]
        row = place - text_lengths[:, None]  # [B, T]
        source = torch.where(row < 0, place, (num_text + row).clamp(max=num_text + num_rows - 1))
        x = torch.cat([rms_norm(self.text_projection(text)).type_as(rows), rows], dim=1)
        x = x.gather(1, source[..., None].expand(-1, -1, width))
        latents, intermediate = self.generator(x)

        back = text_lengths[:, None] + torch.arange(num_rows, device=rows.device)  # [B, N]
        back = back[..., None].expand(-1, -1, width)
        return Context(
            latents=latents.gather(1, back),
            memory=latents[:, : num_text + 1],
            memory_mask=place[: num_text + 1] <= text_lengths[:, None],
            intermediate=intermediate.gather(1, back),
        )

    def slots(self, context: Context, latents: Tensor) -> Tensor:
        """Enhance latents [B, N, D] with the context memory. Returns [B, N, A, E]."""
        keys_values = self.enhancement.memory_keys_values(context.memory)
        return self.enhancement(latents, keys_values, context.memory_mask)

    def to_device(self, device: str | torch.device) -> Amadeus:
        """Move this network to a device; on a GPU its weights become bfloat16, but not positions.

        Raises ConfigError if the device does not exist.
        """
        try:
            self.to(device)
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            problem = str(error).splitlines()[0]
            raise ConfigError(
                f"torch cannot run on device {str(device)!r} ({problem}); choose cpu, or install a "
                "torch for it"
            ) from None
        if torch.device(device).type == "cuda":
            for parameter in self.parameters():
                parameter.data = parameter.data.to(torch.bfloat16)
        return self

    def num_parameters(self) -> int:
        """Number of parameters."""
        return sum(p.numel() for p in self.parameters())
