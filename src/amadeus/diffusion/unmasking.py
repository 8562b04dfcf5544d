"""The reverse process: from all [MASK] to a whole row, by predicting, sampling and committing.

Each step takes predictions and draws the attributes that the policy picks. Revealed attributes
never change. After each one, the grammar works out what is still possible, so a row is legal
however many attributes a step reveals. Attributes with a single possible value are revealed without
a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np

from amadeus.errors import ConfigError
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.vocabulary import ATTRIBUTES, FIRST_BAR, NUM_ATTRIBUTES, Attribute

Order = Literal["confidence", "entropy", "random", "fixed"]
Predict = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(values int [R, A], known bool [R, A]) -> logits float [R, A, V]."""


class Link(NamedTuple):
    """A bias on the logits of one attribute that depends on the known value of another."""

    given: Attribute
    target: Attribute
    table: np.ndarray
    """float32 [values of `given`, V]."""
    first: int = 0
    """The value of `given` in the first row of the table; values outside the table add nothing."""


MOST_LINKS = 2
"""Most links of a bias."""


@dataclass(frozen=True, slots=True, eq=False)
class LogitBias:
    """What is added to the logits of a row, as tables for engines that are not in Python."""

    always: np.ndarray
    """float32 [A, V]."""
    links: tuple[Link, ...] = ()
    """At most MOST_LINKS."""

    def __call__(self, values: np.ndarray, known: np.ndarray) -> np.ndarray:
        """What is added, [A, V], given what is known of the row: int [A] and bool [A]."""
        bias = self.always
        for given, target, table, first in self.links:
            place = values[given] - first
            if known[given] and 0 <= place < len(table):
                bias = bias.copy()
                bias[target] += table[place]
        return bias


_FIRST = 1e9
"""Above every other urgency."""
NOISE_SHAPE = (2, NUM_ATTRIBUTES)
"""Shape of the uniform numbers for a row: for the random order, and for the draws."""


class DrawSettings(NamedTuple):
    """How a value is drawn. The engines take the names and their order from here."""

    temperature: float = 1.0
    top_p: float = 1.0
    min_p: float = 0.0


PerAttribute = float | tuple[float, ...]
"""A number for all attributes, or a number for each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnmaskConfig:
    """How a row is revealed and sampled."""

    num_steps: int = 8
    """Maximum predictions per row: 8 reveal one attribute at a time, 1 all at once."""
    threshold: float | None = None
    """Also reveal all attributes with at least this confidence, which does not depend on the
    temperature; None for none."""
    order: Order = "confidence"
    """Which attribute is revealed next: that with the highest probability of a value, that with
    the least entropy, a random one, or the next of `fixed_order`."""
    fixed_order: tuple[str, ...] = ATTRIBUTES
    """All attributes; used by the order "fixed"."""
    temperature: PerAttribute = DrawSettings().temperature
    """Below 1 is safer, above 1 is bolder, 0 takes the most likely value."""
    top_p: PerAttribute = DrawSettings().top_p
    """Sample from the most likely values that together have this probability."""
    min_p: PerAttribute = DrawSettings().min_p
    """Sample from the values at least this many times as likely as the most likely one."""

    def __post_init__(self) -> None:
        if not 1 <= self.num_steps <= NUM_ATTRIBUTES:
            raise ConfigError(f"num_steps must be 1 to {NUM_ATTRIBUTES}, got {self.num_steps}")
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise ConfigError(f"threshold must be above 0 and at most 1, got {self.threshold}")
        if self.order not in get_args(Order):
            raise ConfigError(f"order {self.order!r} is unknown; choose one of {get_args(Order)}")
        if sorted(self.fixed_order) != sorted(ATTRIBUTES):
            raise ConfigError(
                f"fixed_order must name each of {ATTRIBUTES} once, got {self.fixed_order}"
            )
        for name in DrawSettings._fields:
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) != NUM_ATTRIBUTES:
                raise ConfigError(f"{name} takes 1 or {NUM_ATTRIBUTES} values, got {len(value)}")
        draws = self.draws
        if not all(0 <= draw.temperature < float("inf") for draw in draws):
            raise ConfigError(f"temperature must be a number of at least 0, got {self.temperature}")
        if not all(0 < draw.top_p <= 1 for draw in draws):
            raise ConfigError(f"top_p must be above 0 and at most 1, got {self.top_p}")
        if not all(0 <= draw.min_p <= 1 for draw in draws):
            raise ConfigError(f"min_p must be 0 to 1, got {self.min_p}")

    @property
    def draws(self) -> tuple[DrawSettings, ...]:
        """How the value of each attribute is drawn."""
        values = (getattr(self, name) for name in DrawSettings._fields)
        each = (v if isinstance(v, tuple) else (v,) * NUM_ATTRIBUTES for v in values)
        return tuple(map(DrawSettings, *each))


def unmask(
    predict: Predict,
    grammars: Sequence[Grammar],
    configs: Sequence[UnmaskConfig],
    noise: np.ndarray,
    values: np.ndarray | None = None,
    known: np.ndarray | None = None,
    biases: Sequence[LogitBias | None] | None = None,
) -> np.ndarray:
    """The next row of each of R pieces, int64 [R, A].

    grammars, configs: one per piece; the grammars do not advance.
    noise: [R, 2, A] uniform in [0, 1); a row only depends on its own noise and predictions.
    values, known: int and bool [R, A], attributes that are given and stay.
    biases: for each piece, what is added to its logits, or None.

    Raises GrammarError where no legal row has the given attributes.
    """
    shape = (len(grammars), NUM_ATTRIBUTES)
    values = np.zeros(shape, dtype=np.int64) if values is None else np.array(values, dtype=np.int64)
    known = np.zeros(shape, dtype=bool) if known is None else np.array(known, dtype=bool)
    biases = [None] * len(grammars) if biases is None else biases
    rows = [
        Row(*given) for given in zip(grammars, configs, noise, values, known, biases, strict=True)
    ]
    while not known.all():
        logits = predict(values, known)  # [R, A, V]
        for row, row_logits in zip(rows, logits, strict=True):
            row.step(row_logits)
    return values


class Row:
    """A row that is being revealed; writes into the arrays it is given."""

    def __init__(
        self,
        grammar: Grammar,
        config: UnmaskConfig,
        noise: np.ndarray,
        values: np.ndarray,
        known: np.ndarray,
        bias: LogitBias | None,
    ) -> None:
        self.grammar, self.config, self.noise = grammar, config, noise
        self.values, self.known, self.bias = values, known, bias
        self.draws = config.draws
        self.steps_left = config.num_steps
        self._commit_forced()

    @property
    def is_whole(self) -> bool:
        """Whether all attributes are known."""
        return bool(self.known.all())

    def equals(self, other: Row) -> bool:
        """Whether the same attributes are revealed, with the same values."""
        same_known = np.array_equal(self.known, other.known)
        return same_known and np.array_equal(self.values[self.known], other.values[self.known])

    def after(self, logits: np.ndarray) -> Row:
        """A copy of this row after another step. logits: [A, V]."""
        row = copy(self)
        row.values, row.known = self.values.copy(), self.known.copy()
        row.step(logits)
        return row

    def step(self, logits: np.ndarray) -> None:
        """Reveal this step's share of the masked attributes and the sure ones. logits: [A, V]."""
        masked = NUM_ATTRIBUTES - int(self.known.sum())
        if not masked:
            return
        share = -(-masked // self.steps_left)
        self.steps_left -= 1
        if self.bias is not None:
            logits = logits + self.bias(self.values, self.known)
        if self.grammar.in_last_bar:
            logits = _with_end_for_new_bar(logits, self.grammar.ends_with)
        sure = self._sure(logits)
        for place, attribute in enumerate(np.argsort(-self._urgency(logits), kind="stable")):
            # Revealing one attribute may leave others a single possible value.
            if (place < share or sure[attribute]) and not self.known[attribute]:
                self._reveal(attribute, logits[attribute])

    def _reveal(self, attribute: int, logits: np.ndarray) -> None:
        legal = np.flatnonzero(self.legal[attribute])
        self.values[attribute] = self._choose(attribute, legal, logits[legal])
        self.known[attribute] = True
        self._commit_forced()

    def _choose(self, attribute: int, legal: np.ndarray, logits: np.ndarray) -> int:
        """The value of an attribute. legal: the possible values, [K]; logits: theirs, [K]."""
        return int(legal[draw(logits, self.draws[attribute], self.noise[1, attribute])])

    def _commit_forced(self) -> None:
        """Commit the attributes that have a single possible value."""
        self.legal = self.grammar.allowed(self.values, self.known)  # [A, V]
        settled = np.flatnonzero(self.legal.sum(-1) == 1)
        self.values[settled] = self.legal[settled].argmax(-1)
        self.known[settled] = True

    def _sure(self, logits: np.ndarray) -> np.ndarray:
        """Which attributes need no further prediction, bool [A]."""
        if self.config.threshold is None:
            return np.zeros(NUM_ATTRIBUTES, dtype=bool)
        certainty = _certainty(np.where(self.legal, logits, -np.inf), "confidence")
        sure = certainty >= self.config.threshold
        return sure & sure[list(self.grammar.choices)].all()  # these come first

    def _urgency(self, logits: np.ndarray) -> np.ndarray:
        """The attributes are revealed in descending urgency, [A]; minus infinity if known."""
        order = self.config.order
        if order == "fixed":
            places = {name: place for place, name in enumerate(self.config.fixed_order)}
            urgency = -np.array([places[name] for name in ATTRIBUTES], dtype=np.float64)
        elif order == "random":
            urgency = self.noise[0].copy()
        else:
            urgency = _certainty(np.where(self.legal, logits, -np.inf), order)
        # Otherwise, a beat drawn for a bar that cannot follow would go to the end of the last bar.
        for place, attribute in enumerate(self.grammar.choices):
            urgency[attribute] = _FIRST - place
        urgency[self.known] = -np.inf
        return urgency


def _with_end_for_new_bar(logits: np.ndarray, ends_with: int) -> np.ndarray:
    """Logits with the probability of all new bars moved to the end. logits: [A, V]."""
    logits = logits.copy()
    types = logits[Attribute.TYPE]
    types[ends_with] = np.logaddexp.reduce([types[ends_with], *types[FIRST_BAR:]])
    return logits


def _certainty(logits: np.ndarray, order: Order) -> np.ndarray:
    """Largest probability, or negative entropy in nats, of each attribute. logits: [A, V]."""
    relative = logits - logits.max(-1, keepdims=True)
    weights = np.exp(relative)
    total = weights.sum(-1)
    if order == "confidence":
        return 1.0 / total
    relative[weights == 0] = 0
    return (weights * relative).sum(-1) / total - np.log(total)


def draw(logits: np.ndarray, settings: DrawSettings, uniform: float) -> int:
    """An index drawn from logits [K] by inverting the distribution function at `uniform`.

    After the temperature, the nucleus (Holtzman et al. 2020, arXiv 1904.09751) keeps the most
    likely values until their probability reaches `top_p`, and min-p (Nguyen et al. 2024, arXiv
    2407.01082) keeps the values at least `min_p` times as likely as the most likely one.
    """
    if settings.temperature == 0:
        return int(logits.argmax())
    with np.errstate(over="ignore"):  # at a tiny temperature
        weights = np.exp((logits.astype(np.float64) - logits.max()) / settings.temperature)
    if settings.top_p < 1:
        ranked = np.sort(weights)[::-1]
        size = np.searchsorted(ranked.cumsum(), settings.top_p * ranked.sum())
        weights[weights < ranked[min(size, len(ranked) - 1)]] = 0
    weights[weights < settings.min_p] = 0  # the largest is 1
    cumulative = weights.cumsum()
    # Rounding could give an index after the last value.
    index = np.searchsorted(cumulative, uniform * cumulative[-1], side="right")
    return int(min(index, np.flatnonzero(weights)[-1]))
