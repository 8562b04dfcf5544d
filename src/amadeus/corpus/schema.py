"""The Arrow columns of a shard."""

from __future__ import annotations

from amadeus.corpus.extra import train_extra
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES

with train_extra():
    import pyarrow as pa

WORDS = pa.list_(pa.string())
FACTS = pa.struct([
    ("bpm", pa.int32()),
    ("key", pa.string()),
    ("time_signature", pa.string()),
    ("instruments", WORDS),
    ("num_bars", pa.int32()),
    ("seconds", pa.float64()),
    ("notes_per_second", pa.float64()),
    ("register", pa.string()),
    ("texture", pa.string()),
    ("chords", WORDS),
    ("form", pa.string()),
    ("performed", pa.bool_()),
    ("genres", WORDS),
    ("forms", WORDS),
    ("moods", WORDS),
    ("composer", pa.string()),
    ("tempo_marking", pa.string()),
    ("tempo_word", pa.string()),
    ("density_word", pa.string()),
])  # fmt: skip
"""`amadeus.text.facts.Facts.to_dict()`."""

SCHEMA = pa.schema([
    ("id", pa.string()),
    ("source", pa.string()),
    ("corpus", pa.string()),
    ("split", pa.string()),
    ("work", pa.string()),
    ("licence", pa.string()),
    ("licence_class", pa.string()),
    ("title", pa.string()),
    ("composer", pa.string()),
    ("labels", WORDS),
    ("facts", FACTS),
    ("captions", WORDS),
    ("rows", pa.int32()),
    ("notes", pa.int32()),
    ("seconds", pa.float32()),
    ("tokens", pa.list_(pa.list_(pa.uint16(), NUM_ATTRIBUTES))),
])  # fmt: skip
"""One row a piece; `amadeus.corpus.shards` says what the columns mean."""
