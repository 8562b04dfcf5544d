"""Information: how much the attributes of a note tell about each other, chance left out.

I(X; Y) = sum p(x, y) log (p(x, y) / p(x) p(y)), in nats, from counts. Counts of few notes find
information where there is none, so what chance finds in them, E, is taken off: the adjustment of
Vinh, Epps and Bailey, "Information theoretic measures for clusterings comparison", JMLR 2010. Then
independent columns have nothing in common, however few they are, and copies have all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amadeus.errors import CorpusError
from amadeus.tokens.vocabulary import Attribute, has_sound


@dataclass(frozen=True, slots=True, eq=False)
class Dependency:
    """What columns of a table tell about each other, in nats; A of them."""

    entropy: np.ndarray
    """[A], H(X)."""
    information: np.ndarray
    """[A, A], symmetric, I(X; Y) as counted; H(X) on the diagonal."""
    chance: np.ndarray
    """[A, A], symmetric, what is counted of columns that have nothing to do with each other."""

    @property
    def excess(self) -> np.ndarray:
        """Information beyond chance, I - E, [A, A]; 0 on the diagonal."""
        found = self.information - self.chance
        np.fill_diagonal(found, 0)
        return found

    @property
    def shared(self) -> np.ndarray:
        """(I - E) / ((H(X) + H(Y)) / 2 - E), [A, A]: 0 for independent columns, 1 for copies."""
        mean = (self.entropy[:, None] + self.entropy) / 2
        return _ratio(self.excess, mean - self.chance)

    @property
    def told(self) -> np.ndarray:
        """(I(X; Y) - E) / (H(Y) - E), [A given X, A told Y]: which share of what is open about Y
        is settled by X (Theil's uncertainty coefficient)."""
        return _ratio(self.excess, self.entropy - self.chance)

    @property
    def told_of_all(self) -> np.ndarray:
        """[A]: the same of all other columns together, by the column that is given."""
        rest = self.entropy - self.chance
        np.fill_diagonal(rest, 0)
        return _ratio(self.excess.sum(axis=1), rest.sum(axis=1))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """0 where there is nothing to be told."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 1e-9)


def dependency_over(pieces: Sequence[np.ndarray], *, seed: int = 0) -> Dependency:
    """Of the rows of all pieces together, int [N, A] each.

    Notes of a piece are alike, so that a few pieces have much in common by chance, an instrument
    and a tempo for example. Chance is therefore what the columns of every piece have in common with
    those of another piece, turned round by a random number of rows.

    Raises CorpusError for fewer than two pieces.
    """
    if len(pieces) < 2:
        raise CorpusError(f"dependency needs two pieces or more, got {len(pieces)}")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pieces))
    others: list[np.ndarray] = [pieces[0]] * len(pieces)
    for place, index in enumerate(order):
        other = pieces[order[place - 1]]
        turned = np.roll(other, int(rng.integers(len(other))), axis=0)
        others[index] = np.resize(turned, pieces[index].shape)
    return _dependency(np.concatenate(pieces), np.concatenate(others))


def dependency_within(piece: np.ndarray, *, seed: int = 0) -> Dependency:
    """Of the rows of one piece, int [N, A], given that they are its: what never changes in it tells
    nothing. Chance is what the columns have in common with those of the rows in another order."""
    return _dependency(piece, np.random.default_rng(seed).permutation(piece))


def mean_of(found: Sequence[Dependency], weights: Sequence[float]) -> Dependency:
    """The mean of what was counted: of pieces, weighted by their rows, it is I(X; Y | piece).

    Raises CorpusError where there are none.
    """
    if not found:
        raise CorpusError("dependency needs two pieces or more, got 0")
    means = (
        np.average([getattr(one, name) for one in found], axis=0, weights=weights)
        for name in ("entropy", "information", "chance")
    )
    return Dependency(*means)


def sounding(tokens: np.ndarray) -> np.ndarray:
    """The rows of tokens [N, A] that are notes: of other rows most attributes do not apply."""
    return tokens[has_sound(tokens[:, Attribute.TYPE])]


def _dependency(rows: np.ndarray, others: np.ndarray) -> Dependency:
    """rows, others: int [N, A], where rows of the same place have nothing to do with each other."""
    columns, other_columns = _codes(rows), _codes(others)
    size = rows.shape[1]
    entropy = np.array([_entropy(np.bincount(column)) for column in columns])
    information, chance = np.diag(entropy), np.zeros((size, size))
    for x, y in np.ndindex(size, size):
        if x < y:
            found = _information(columns[x], columns[y])
            information[x, y] = information[y, x] = found
            by_chance = (
                _information(columns[x], other_columns[y]),
                _information(columns[y], other_columns[x]),
            )
            chance[x, y] = chance[y, x] = np.mean(by_chance)
    return Dependency(entropy, information, chance)


def _codes(rows: np.ndarray) -> list[np.ndarray]:
    """Columns with their values numbered from 0 on, none left out."""
    return [np.unique(column, return_inverse=True)[1].reshape(-1) for column in rows.T]


def _information(x: np.ndarray, y: np.ndarray) -> float:
    """I(X; Y) of two columns of codes, in nats."""
    joint = np.bincount(x * (int(y.max()) + 1) + y)
    return _entropy(np.bincount(x)) + _entropy(np.bincount(y)) - _entropy(joint)


def _entropy(counts: np.ndarray) -> float:
    """Nats."""
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())
