"""A request for a piece, and the state of the piece while it is composed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from amadeus.diffusion import UnmaskConfig
from amadeus.diffusion.unmasking import NOISE_SHAPE, LogitBias
from amadeus.errors import AmadeusError, ConfigError
from amadeus.inference.window import Window, last_beginning
from amadeus.model.config import ModelConfig
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.rows import count_bars
from amadeus.tokens.tokenizer import TOKEN_DTYPE, mark
from amadeus.tokens.vocabulary import RowType

MAX_GUIDANCE = 20.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Request:
    """One piece to be composed."""

    prompt: np.ndarray = field(default_factory=lambda: mark(RowType.START))
    """Given rows, [N, A]; composing begins at the bar line after them."""
    num_bars: int | None = None
    """Bars to compose, without those of the prompt; None lets the model end the piece."""
    max_notes: int | None = None
    """Maximum notes to compose; an empty bar counts as a note."""
    seed: int = 0
    """Equal seeds and settings give equal pieces, also in different batches."""
    unmask: UnmaskConfig = field(default_factory=UnmaskConfig)
    """How each row is sampled."""
    text: np.ndarray | None = None
    """The prefix of the rows: vectors of the profile and token states of the caption, [S,
    text_width]; None for neither."""
    contrast: np.ndarray | None = None
    """The prefix of the unconditional predictions, for guidance."""
    ends_with: RowType = RowType.END
    """END, or JOIN where the prompt begins with FUTURE."""
    guidance: float = 1.0
    """Strength of the text, see `diffusion.guidance`."""
    constrain: Callable[[Grammar], LogitBias | None] | None = None
    """Called before every row; it may `permit` values of the rows to come, and returns the bias on
    the logits of the next row, or None."""

    def __post_init__(self) -> None:
        for name in ("num_bars", "max_notes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} must be at least 1, got {value}")
        if not 0 <= self.seed < 2**64:
            raise ConfigError(f"seed must be 0 to 2**64 - 1, got {self.seed}")
        if not 0 <= self.guidance <= MAX_GUIDANCE:
            raise ConfigError(f"guidance must be 0 to {MAX_GUIDANCE:g}, got {self.guidance}")

    @property
    def is_guided(self) -> bool:
        """Whether each row needs unconditional predictions as well."""
        return self.text is not None and self.guidance != 1


def token_states(text: np.ndarray | None, config: ModelConfig) -> np.ndarray:
    """The token states that the network reads, float32 [S, text_width]; S is 0 for None.

    Raises ConfigError for token states of another encoder than it was trained with.
    """
    if text is None:
        return np.zeros((0, config.text_width), dtype=np.float32)
    states = np.ascontiguousarray(text, dtype=np.float32)
    if states.shape[1:] != (config.text_width,) or len(states) > config.max_prefix:
        raise ConfigError(
            f"token states of shape {states.shape} do not fit a network that reads "
            f"[S, {config.text_width}], S up to {config.max_prefix}; "
            "use the encoder it was trained with"
        )
    return states


class PieceState:
    """A piece that is being composed."""

    def __init__(self, request: Request, context: int) -> None:
        """context: maximum rows that the network sees at once.

        Raises GrammarError for a prompt that is not the beginning of a piece.
        """
        given = request.prompt[last_beginning(request.prompt) + 1 :]
        bars = count_bars(given)
        self.grammar = Grammar(
            ends_with=request.ends_with,
            num_bars=None if request.num_bars is None else bars + request.num_bars,
            max_notes=None if request.max_notes is None else len(given) + request.max_notes,
        )
        for row in request.prompt:
            self.grammar.advance(row)
        self.grammar.close_bar()
        self.request = request
        self.error: AmadeusError | None = None
        """Why the piece could not be completed."""
        self.window = Window(request.prompt, context)
        self._rows = [np.asarray(request.prompt, dtype=TOKEN_DTYPE)]
        self._rng = np.random.Generator(np.random.Philox(request.seed))

    @property
    def tokens(self) -> np.ndarray:
        """All rows so far, the prompt's included, uint16 [N, A]."""
        return np.concatenate(self._rows)

    @property
    def is_free(self) -> bool:
        """Whether the piece has no constraints, and the grammar alone decides what may follow."""
        return self.request.constrain is None and not self.grammar.in_future

    def noise(self, count: int) -> np.ndarray:
        """Uniform random numbers for the next rows, float64 [count, 2, A]."""
        return self._rng.random((count, *NOISE_SHAPE))

    def prepare(self) -> tuple[np.ndarray, LogitBias | None]:
        """Apply the constraints on the next row. Returns its noise, [2, A], and its bias."""
        bias = None if self.request.constrain is None else self.request.constrain(self.grammar)
        return self.noise(1)[0], bias

    def accept(self, row: np.ndarray) -> None:
        """Append the next row, [A]."""
        self.grammar.advance(row)
        self._rows.append(row[None].astype(TOKEN_DTYPE))
        self.window.append(row)
