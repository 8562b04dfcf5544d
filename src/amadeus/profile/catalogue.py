"""A catalogue of real pieces' profiles, from which what a prompt leaves open is filled.

A jig that is asked for gets the density, the harmony and the dynamics of some real jig.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from amadeus.errors import ConfigError
from amadeus.music.keys import Key
from amadeus.profile.conditions import key_index
from amadeus.profile.profile import MAX_PARTS, MEASURES, Part, Profile
from amadeus.tokens import vocabulary as v
from amadeus.tokens.vocabulary import Attribute

NEAREST = 16
"""Profiles among which one is drawn."""
PLACE = "data/profiles.npz"
CATALOGUE_ENCODER = "minilm"
"""What reads the labels; words are compared with them only where it reads those too."""
_PARTS, _METRE, _TEMPO, _MODE, _MEASURE, _LABELS, _WORDS = 6.0, 2.0, 2.0, 1.0, 1.0, 3.0, 4.0
"""What counts how much in saying which profiles are near."""
_ORCHESTRA = 4.0
"""The same for how unusual the instruments are for the genre that was asked for."""
_METRES = {"{}/{}".format(*metre): i for i, metre in enumerate(v.METRES)}
_KINDS = ("genres", "forms", "moods")


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Profiles of P real pieces by columns, where NaN and -1 mean: unknown."""

    key: np.ndarray
    """int [P], as `conditions.key_index` numbers them."""
    bpm: np.ndarray
    """float [P]."""
    metre: np.ndarray
    """Index into METRES, int [P]."""
    parts: np.ndarray
    """Values of `instrument`, int [P, MAX_PARTS], padded with 0."""
    shares: np.ndarray
    """Their shares of the notes, float [P, MAX_PARTS]."""
    num_parts: np.ndarray
    """int [P]."""
    measures: np.ndarray
    """In the order of MEASURES, float [P, M]."""
    labels: np.ndarray
    """Index into `label_sets`, int [P]."""
    label_sets: tuple[dict[str, list[str]], ...]
    """Genres, forms and moods."""
    embeddings: np.ndarray
    """Unit vectors of the label sets as the text encoder reads them, float [L, text_width]."""

    def __len__(self) -> int:
        return len(self.key)

    def __getitem__(self, index: int) -> Profile:
        """One of the profiles."""
        key, metre = int(self.key[index]), int(self.metre[index])
        pairs = zip(self.parts[index].tolist(), self.shares[index].tolist(), strict=True)
        labels = {k: tuple(words) for k, words in self.label_sets[self.labels[index]].items()}
        measured = {
            measure.name: float(value)
            for measure, value in zip(MEASURES, self.measures[index], strict=True)
            if not np.isnan(value)
        }
        values: dict[str, Any] = {**measured, **labels}
        return Profile(
            key=None if key < 0 else Key(key % 12, "major" if key < 12 else "minor"),
            bpm=None if np.isnan(self.bpm[index]) else float(self.bpm[index]),
            time_signature=None if metre < 0 else "{}/{}".format(*v.METRES[metre]),
            parts=tuple(Part(instrument, share) for instrument, share in pairs if instrument),
            num_parts=int(self.num_parts[index]),
            **values,
        )

    def complete(
        self, asked: Profile, words: np.ndarray | None, rng: np.random.Generator
    ) -> Profile:
        """What was asked for, and the rest from a real piece that is near to it.

        words: embedding of the prompt, [text_width], or None.
        """
        nearest = np.argsort(self._costs(asked, words), kind="stable")[:NEAREST]
        if not asked.stated and words is None:
            nearest = np.arange(len(self))
        real = self[int(rng.choice(nearest))]
        given = asked.stated
        if "parts" in given:
            given.setdefault("num_parts", len(asked.parts))
            given["parts"] = _with_shares(asked.parts, real)
        return replace(real, **given)

    def _costs(self, asked: Profile, words: np.ndarray | None) -> np.ndarray:
        """How far each profile is from what was asked for, [P]."""
        cost = np.zeros(len(self))
        if asked.key is not None:
            cost += _MODE * ((self.key >= 12) != (asked.key.mode == "minor"))
        if asked.bpm is not None:
            apart = np.abs(np.log2(self.bpm / asked.bpm))
            cost += _TEMPO * np.nan_to_num(np.minimum(1, apart), nan=1.0)
        if asked.time_signature is not None:
            cost += _METRE * (self.metre != _METRES.get(asked.time_signature, -1))
        if asked.parts:
            wanted = {part.instrument for part in asked.parts}
            shared = np.isin(self.parts, list(wanted)).sum(1)
            cost += _PARTS * (1 - shared / (self.num_parts + len(wanted) - shared))
        for column, measure in enumerate(MEASURES):
            if (value := getattr(asked, measure.name)) is not None:
                real = self.measures[:, column]
                ranges = np.searchsorted(measure.edges, real, side="right")
                apart = 2 * np.abs(measure.range_of(value) - ranges) / len(measure.edges)
                cost += _MEASURE * np.where(np.isnan(real), 1.0, np.minimum(1, apart))
        for kind in _KINDS:
            if wanted_words := set(getattr(asked, kind)):
                has = [not wanted_words.isdisjoint(one.get(kind, ())) for one in self.label_sets]
                cost += _LABELS * ~np.array(has)[self.labels]
                if kind == "genres" and not asked.parts:
                    cost += _ORCHESTRA * self._unusual(np.array(has)[self.labels])
        if words is not None:
            cost -= _WORDS * (self.embeddings @ words)[self.labels]
        return cost

    def _unusual(self, chosen: np.ndarray) -> np.ndarray:
        """How unusual the instruments of each profile are among the chosen ones, from 0 to 1, [P].

        One less the cosine of the instruments that play and the share of the chosen profiles in
        which each instrument plays; 0 for the most usual quarter of them. chosen: bool [P].
        """
        if not chosen.any():
            return np.zeros(len(self))
        plays = np.zeros((len(self), v.SIZES[Attribute.INSTRUMENT]), dtype=np.float32)
        np.put_along_axis(plays, self.parts.astype(np.int64), 1, axis=1)
        plays[:, 0] = 0  # padding
        plays[plays[:, : v.DRUMS].sum(1) == 0] = 0  # drums alone are no band
        usual = plays[chosen].mean(0)
        length = np.linalg.norm(plays, axis=1) * np.linalg.norm(usual)
        unusual = 1 - plays @ usual / np.maximum(1e-6, length)
        return np.maximum(0, unusual - np.quantile(unusual[chosen], 0.25))

    def save(self, path: Path) -> None:
        """Write an .npz file without pickled objects."""
        text = json.dumps(self.label_sets, separators=(",", ":")).encode()
        columns = {name: getattr(self, name) for name in _STORED}
        columns["embeddings"] = np.round(self.embeddings * 127)
        stored = {name: columns[name].astype(dtype) for name, dtype in _STORED.items()}
        with path.open("wb") as file:
            np.savez_compressed(file, label_sets=np.frombuffer(text, np.uint8), **stored)

    @classmethod
    def load(cls, path: Path) -> Catalogue:
        """Read what `save` wrote. Raises ConfigError for anything else."""
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                columns = {name: np.asarray(file[name]) for name in _STORED}
                label_sets = tuple(json.loads(file["label_sets"].tobytes()))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
            raise ConfigError(f"{path} is no catalogue of profiles: {error}") from None
        columns["embeddings"] = columns["embeddings"].astype(np.float32) / 127
        for name in ("bpm", "shares", "measures"):
            columns[name] = columns[name].astype(np.float32)
        return cls(label_sets=label_sets, **columns)


_STORED = {
    "key": np.int8, "bpm": np.float16, "metre": np.int8, "parts": np.uint8, "shares": np.float16,
    "num_parts": np.uint8, "measures": np.float16, "labels": np.int16, "embeddings": np.int8,
}  # fmt: skip


@cache
def packaged_catalogue() -> Catalogue:
    """The catalogue that comes with the package."""
    return Catalogue.load(Path(str(files("amadeus").joinpath(PLACE))))


def embed(states: np.ndarray) -> np.ndarray:
    """One unit vector of token states, [S, text_width]: their mean. float32 [text_width]."""
    mean = states.mean(0)
    return (mean / max(1e-6, float(np.linalg.norm(mean)))).astype(np.float32)


def catalogue_of(
    profiles: Sequence[Profile], encode: Callable[[Sequence[str]], list[np.ndarray]]
) -> Catalogue:
    """A catalogue of profiles with notes. encode: reads their labels, as `text.encoder` does."""
    labels = [{k: list(getattr(p, k)) for k in _KINDS if getattr(p, k)} for p in profiles]
    texts = [", ".join(chain(*one.values())) or "music" for one in labels]
    sets = dict(zip(texts, labels, strict=True))
    place = {text: i for i, text in enumerate(sets)}
    padding = [Part(0, 0.0)] * MAX_PARTS
    parts = [[*p.parts, *padding][:MAX_PARTS] for p in profiles]
    unknown = float("nan")
    return Catalogue(
        key=np.array([-1 if p.key is None else key_index(p.key) for p in profiles]),
        bpm=np.array([p.bpm or unknown for p in profiles], dtype=np.float32),
        metre=np.array([_METRES.get(p.time_signature or "", -1) for p in profiles]),
        parts=np.array([[part.instrument for part in many] for many in parts]),
        shares=np.array([[part.share or 0 for part in many] for many in parts], dtype=np.float32),
        num_parts=np.array([p.num_parts or 1 for p in profiles]),
        measures=np.array(
            [[getattr(p, m.name) for m in MEASURES] for p in profiles], dtype=np.float32
        ),
        labels=np.array([place[text] for text in texts]),
        label_sets=tuple(sets.values()),
        embeddings=np.stack([embed(states) for states in encode(list(sets))]),
    )


def _with_shares(asked: tuple[Part, ...], real: Profile) -> tuple[Part, ...]:
    """Instruments that were asked for with the shares they have in a real piece."""
    known = {part.instrument: part.share for part in real.parts}
    return tuple(
        part if part.share is not None else replace(part, share=known.get(part.instrument))
        for part in asked
    )
