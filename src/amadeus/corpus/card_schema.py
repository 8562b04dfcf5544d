"""Sections of the corpus card: what its columns mean, and how to read them."""

from __future__ import annotations

from collections.abc import Iterable

from amadeus.corpus.extra import train_extra
from amadeus.corpus.schema import SCHEMA
from amadeus.tokens import ATTRIBUTES

with train_extra():
    import pyarrow as pa

COLUMNS = {
    "id": "first 12 hex digits of the SHA-1 of the MIDI file",
    "source": "path of the file: folder and name",
    "corpus": "the collection that contains it",
    "split": "`train` or `validation`",
    "work": "the same for all versions of a work, which are in one split",
    "licence": "the licence according to the source",
    "licence_class": "`open`, `nc`, `stated` or `unclear`; see above",
    "title": "according to the source",
    "composer": "composer or artist according to the source",
    "labels": "genre, form, mood and style according to the source",
    "facts": "facts measured in the notes, completed by the labels",
    "captions": "descriptions, written from the facts by rules",
    "rows": "length of `tokens`",
    "notes": "number of notes",
    "seconds": "length",
    "tokens": "the music, one row per note: " + ", ".join(f"`{name}`" for name in ATTRIBUTES),
    "facts.bpm": "tempo at the first note, quarter notes a minute; null if played freely",
    "facts.key": "estimated from the notes: `A minor`; null without pitched notes",
    "facts.time_signature": "the time signature of most of the piece: `3/4`",
    "facts.instruments": "up to five, by sounding time",
    "facts.num_bars": "number of bars; null if played freely",
    "facts.seconds": "length",
    "facts.notes_per_second": "all instruments together",
    "facts.register": "`low`, `mid` or `high`",
    "facts.texture": "`monophonic`, `homophonic` or `polyphonic`",
    "facts.chords": "the most repeated run of four chords",
    "facts.form": "how sections recur: `AABA`, `4-bar loop`; empty if uncertain",
    "facts.performed": "played freely, so bars and tempo are meaningless",
    "facts.genres": "from the labels, in common terms",
    "facts.forms": "from the labels, in common terms",
    "facts.moods": "from the labels, or suggested by mode, tempo and density",
    "facts.composer": "surname, only of composers of the classical canon",
    "facts.tempo_marking": "the tempo as an Italian word",
    "facts.tempo_word": "the tempo as a plain word",
    "facts.density_word": "`sparse`, `moderate` or `busy`",
}
"""The meaning of each column."""


def explain_schema() -> str:
    """The section on the type and meaning of every column."""
    rows = []
    for field in SCHEMA:
        meaning = COLUMNS[field.name]
        if not pa.types.is_struct(field.type):
            rows.append((f"`{field.name}`", f"`{_type_name(field.type)}`", meaning))
            continue
        rows.append((f"`{field.name}`", "`struct`", meaning))
        for inner in field.type:
            name = f"{field.name}.{inner.name}"
            rows.append((f"`{name}`", f"`{_type_name(inner.type)}`", COLUMNS[name]))
    return f"""## Schema

Arrow IPC files, uncompressed so that they can be memory-mapped; one row is one piece.

{markdown_table(("column", "type", "meaning"), *rows)}

`amadeus/tokens/vocabulary.py` defines the token values, and `corpus.json` holds the fingerprint of
the vocabulary. The first row of a piece is START, the last END."""


def _type_name(kind: pa.DataType) -> str:
    """`list<uint16[8]>`: Arrow's own names without those of inner fields."""
    if pa.types.is_fixed_size_list(kind):
        return f"{_type_name(kind.value_type)}[{kind.list_size}]"
    if pa.types.is_list(kind):
        return f"list<{_type_name(kind.value_type)}>"
    return str(kind)


def explain_reading(name: str) -> str:
    """The section on how to read a shard of this name."""
    return f"""## Reading it

In these examples, the folder is called `shards`. Only the named columns are read.

```python
import pandas as pd

pieces = pd.read_feather("shards/{name}", columns=["title", "licence_class", "captions"])
```

```python
import polars as pl

free = pl.scan_ipc("shards/*.arrow").filter(pl.col("licence_class") == "open")
keys = free.select("title", pl.col("facts").struct.field("key")).collect()
```

```python
from datasets import load_dataset

corpus = load_dataset("shards")
```

```python
import pyarrow as pa

with pa.memory_map("shards/{name}") as file:
    table = pa.ipc.open_file(file).read_all()  # memory-mapped, nothing is copied
rows = table["tokens"][0].values.flatten().to_numpy().reshape(-1, {len(ATTRIBUTES)})
```

To convert the rows back to MIDI with Amadeus:

```python
from amadeus import write_midi
from amadeus.tokens import decode

write_midi(decode(rows), "piece.mid")
```"""


def markdown_table(*rows: Iterable[object], right: Iterable[int] = ()) -> str:
    """A Markdown table with the first row as header; columns in `right` are right-aligned."""
    head, *body = ([_cell_text(str(cell)) for cell in row] for row in rows)
    rule = ["---:" if column in set(right) else "---" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))


def _cell_text(text: str) -> str:
    """The text on one line, with column separators escaped."""
    return " ".join(text.split()).replace("|", r"\|")
