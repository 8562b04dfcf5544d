"""Sizes of the network: one frozen record, saved with the weights."""

from __future__ import annotations

from dataclasses import dataclass

from amadeus.errors import ConfigError
from amadeus.profile.conditions import MAX_CONDITIONS

MOST = {
    "width": 8192,
    "layers": 256,
    "heads": 256,
    "kv_heads": 256,
    "decoder_width": 8192,
    "decoder_layers": 64,
    "decoder_heads": 256,
    "mlp_ratio": 8,
    "text_width": 8192,
    "max_text": 4096,
    "context": 65_536,
}
"""The largest sizes: far beyond the presets, and safe from overflow (sums of 65,536 products of
bytes fit into 32 bits)."""
MOST_ROPE_THETA = 1e12


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelConfig:
    """Sizes of the network."""

    width: int = 512
    """Width of the note generator."""
    layers: int = 8
    """Transformer layers of the note generator."""
    heads: int = 8
    """Attention heads of the note generator."""
    kv_heads: int = 2
    """Heads of keys and values, each shared by heads / kv_heads queries: a small cache."""
    decoder_width: int = 256
    """Width of the note decoder; 8 of its rows are computed per note and step."""
    decoder_layers: int = 2
    """Transformer layers of the note decoder."""
    decoder_heads: int = 4
    """Attention heads of the note decoder."""
    mlp_ratio: int = 4
    """Hidden width of every MLP, in widths."""
    text_encoder: str = "minilm"
    """What reads the prompts: minilm, flan-t5-base or the folder of a text encoder."""
    text_width: int = 384
    """Width of the text encoder's token states."""
    max_text: int = 64
    """Most text tokens of a prompt."""
    rope_theta: float = 10_000.0
    """Base of the rotary positions' wavelengths."""
    context: int = 960
    """Rows of a piece that the network is trained on at once."""
    enhancement: bool = True
    """Conditional information enhancement (CIEM) before the note decoder."""
    profile: bool = True
    """Conditioned on profiles, besides text."""

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            value = getattr(self, name)
            if not _is_number(value, int) or not 1 <= value <= most:
                raise ConfigError(
                    f"{name} must be a whole number from 1 to {most}, got {_shown(value)}"
                )
        theta = self.rope_theta
        if not _is_number(theta, (int, float)) or not 1 <= theta <= MOST_ROPE_THETA:
            raise ConfigError(
                f"rope_theta must be a number from 1 to {MOST_ROPE_THETA:g}, got {_shown(theta)}"
            )
        for name in ("enhancement", "profile"):
            if not isinstance(getattr(self, name), bool):
                value = _shown(getattr(self, name))
                raise ConfigError(f"{name} must be true or false, got {value}")
        if not isinstance(self.text_encoder, str):
            raise ConfigError(f"text_encoder must be a name, got {_shown(self.text_encoder)}")
        for width, heads in ((self.width, self.heads), (self.decoder_width, self.decoder_heads)):
            if width % (2 * heads):
                raise ConfigError(f"width {width} must be a multiple of twice its {heads} heads")
        if self.heads % self.kv_heads:
            raise ConfigError(f"heads {self.heads} must be a multiple of kv_heads {self.kv_heads}")

    @property
    def max_prefix(self) -> int:
        """Most positions before the rows: those of the profile and of the text."""
        return self.max_text + (MAX_CONDITIONS if self.profile else 0)


def _is_number(value: object, kinds: type | tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _shown(value: object) -> str:
    """A value as it is written, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


PRESETS: dict[str, ModelConfig] = {
    "nano": ModelConfig(
        width=128, layers=3, heads=4, kv_heads=2, decoder_width=64, decoder_layers=1,
        decoder_heads=2,
    ),
    "small": ModelConfig(width=512, layers=9),
    "base": ModelConfig(
        width=512, layers=12, kv_heads=4, decoder_width=320, decoder_layers=3, decoder_heads=5
    ),
    "large": ModelConfig(
        width=768, layers=16, heads=12, kv_heads=4, decoder_width=384, decoder_layers=3,
        decoder_heads=6,
    ),
    "xl": ModelConfig(
        width=1536, layers=20, heads=16, kv_heads=4, decoder_width=512, decoder_layers=4,
        decoder_heads=8,
    ),
}  # fmt: skip
"""Sizes with a name: nano for tests, small for laptops, base, large and xl for more compute."""
