"""Drafts: pieces that are tokenised and not yet chosen; one file to a row of an Arrow table."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from amadeus.corpus.extra import train_extra
from amadeus.corpus.filters import Filters, check_about, check_score, check_tokens
from amadeus.corpus.fingerprint import NUM_PERMUTATIONS, sign
from amadeus.corpus.schema import SCHEMA
from amadeus.corpus.sources import Source
from amadeus.errors import CorpusError, ScoreError
from amadeus.music.chords import estimate_chords
from amadeus.music.grid import quantize
from amadeus.music.midi import read_midi
from amadeus.music.score import Score
from amadeus.text.captioner import write_captions
from amadeus.text.facts import measure
from amadeus.tokens import encode
from amadeus.tokens.vocabulary import Attribute, has_sound

with train_extra():
    import pyarrow as pa

NUM_CAPTIONS = 4

DRAFT_SCHEMA = pa.schema([
    ("place", pa.int32()),
    ("given_split", pa.string()),
    ("content", pa.binary(8)),
    ("digest", pa.binary(8)),
    ("minhash", pa.list_(pa.uint32(), NUM_PERMUTATIONS)),
    ("num_shingles", pa.int32()),
    *(field for field in SCHEMA if field.name not in ("split", "work")),
])  # fmt: skip
"""What shards say of a piece but its split and work, and what these are decided by: `place` in the
plan, split by manifest, hash of the tokens, and `amadeus.corpus.fingerprint.Signature`."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A file that is left out."""

    place: int
    """Its number in the plan of a build."""
    name: str
    reason: str
    """The same words for the same trouble: reasons are counted."""
    detail: str = ""
    """Details after the reason."""


def draft(source: Source, filters: Filters) -> dict[str, Any] | Skip:
    """One file, by the columns of DRAFT_SCHEMA (tokens as uint16 [N, A]), or why it is left out."""
    try:
        check_about(source.about, filters)
        data = source.read()
        score = quantize(read_midi(data))
        check_score(score, filters)
        score = replace(score, chords=score.chords or estimate_chords(score))
        tokens = encode(score)
        check_tokens(tokens, filters)
    except CorpusError as error:
        return Skip(source.place, source.name, str(error))
    except ScoreError as error:
        return Skip(source.place, source.name, _countable(error))
    return _row(source, data, score, tokens)


def table_of(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as a table; `tokens` and `minhash` are arrays, columns that a row lacks are null."""

    def column(field: pa.Field) -> pa.Array:
        values: list[Any] = [row.get(field.name) for row in rows]
        if field.name == "tokens":
            return _token_array(values)
        if field.name == "minhash":
            flat = np.array(values, dtype=np.uint32).reshape(-1)
            return pa.FixedSizeListArray.from_arrays(pa.array(flat), type=field.type)
        return pa.array(values, field.type)

    return pa.table([column(field) for field in schema], schema=schema)


def _token_array(arrays: Sequence[np.ndarray]) -> pa.Array:
    offsets = np.cumsum([0, *map(len, arrays)], dtype=np.int32)
    type_ = SCHEMA.field("tokens").type
    flat = np.concatenate([a.reshape(-1) for a in arrays]) if arrays else np.zeros(0, np.uint16)
    rows = pa.FixedSizeListArray.from_arrays(pa.array(flat), type=type_.value_type)
    return pa.ListArray.from_arrays(pa.array(offsets), rows, type=type_)


def _row(source: Source, data: bytes, score: Score, tokens: np.ndarray) -> dict[str, Any]:
    about = source.about
    piece_id = hashlib.sha1(data).hexdigest()[:12]
    facts = measure(score, labels=about.labels, composer=about.composer, performed=about.performed)
    signature = sign(tokens)
    return {
        "place": source.place,
        "given_split": about.split,
        "content": hashlib.sha1(tokens.tobytes()).digest()[:8],
        "digest": signature.digest,
        "minhash": signature.minhash,
        "num_shingles": signature.num_shingles,
        "id": piece_id,
        "source": source.name,
        "corpus": source.name.split("/")[0],
        "licence": about.licence,
        "licence_class": about.licence_class,
        "title": about.title,
        "composer": about.composer,
        "labels": about.labels,
        "facts": facts.to_dict(),
        "captions": write_captions(facts, NUM_CAPTIONS, seed=piece_id),
        "rows": len(tokens),
        "notes": int(has_sound(tokens[:, Attribute.TYPE]).sum()),
        "seconds": score.seconds,
        "tokens": tokens,
    }


def _countable(error: ScoreError) -> str:
    """What is wrong with the music, without its numbers and the remedy."""
    return re.sub(r"\d[\d,.]*", "N", str(error).removeprefix("the MIDI data: ").split(";")[0])
