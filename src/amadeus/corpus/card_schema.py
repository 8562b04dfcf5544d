"""What the columns of a corpus mean and how they are read, as sections of its card."""

from __future__ import annotations

from collections.abc import Iterable

from amadeus.corpus.extra import train_extra
from amadeus.corpus.schema import SCHEMA
from amadeus.tokens import ATTRIBUTES

with train_extra():
    import pyarrow as pa

COLUMNS = {
    "id": "first 12 hex digits of the SHA-1 of the MIDI file",
    "source": "where the file lay: folder and name",
    "corpus": "the collection that it came with",
    "split": "`train` or `validation`",
    "work": "equal for versions of one work, which are all in one split",
    "licence": "the licence, as the source states it",
    "licence_class": "`open`, `nc`, `stated` or `unclear`, see above",
    "title": "as the source has it",
    "composer": "composer or artist, as the source has it",
    "labels": "genre, form, mood and style, as the source has them",
    "facts": "what is measured in the notes, completed by the labels",
    "captions": "descriptions in words, written from the facts by rules",
    "rows": "length of `tokens`",
    "notes": "number of notes",
    "seconds": "length",
    "tokens": "the music, a row a note: " + ", ".join(f"`{name}`" for name in ATTRIBUTES),
    "facts.bpm": "tempo at the first note, quarter notes a minute; null if played freely",
    "facts.key": "estimated from the notes: `A minor`; null where nothing has a pitch",
    "facts.time_signature": "the metre that most of the piece is in: `3/4`",
    "facts.instruments": "up to five, the longest sounding first",
    "facts.num_bars": "number of bars; null if played freely",
    "facts.seconds": "length",
    "facts.notes_per_second": "all instruments together",
    "facts.register": "`low`, `mid` or `high`",
    "facts.texture": "`monophonic`, `homophonic` or `polyphonic`",
    "facts.chords": "the most repeated run of four chords",
    "facts.form": "how sections return: `AABA`, `4-bar loop`; empty where it is not sure",
    "facts.performed": "played freely, so that bars and tempo mean nothing",
    "facts.genres": "from the labels, in common words",
    "facts.forms": "from the labels, in common words",
    "facts.moods": "from the labels, or suggested by mode, tempo and density",
    "facts.composer": "surname, of composers of the classical canon only",
    "facts.tempo_marking": "the tempo as an Italian word",
    "facts.tempo_word": "the tempo as a plain word",
    "facts.density_word": "`sparse`, `moderate` or `busy`",
}
"""What each column of the table means."""


def explain_schema() -> str:
    """A section that tells type and meaning of every column."""
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

What each token value means is written down in `amadeus/tokens/vocabulary.py`; `corpus.json` holds
the fingerprint of the vocabulary. The first row of a piece says START, the last END."""


def _type_name(kind: pa.DataType) -> str:
    """`list<uint16[8]>`: Arrow's own names without those of inner fields."""
    if pa.types.is_fixed_size_list(kind):
        return f"{_type_name(kind.value_type)}[{kind.list_size}]"
    if pa.types.is_list(kind):
        return f"list<{_type_name(kind.value_type)}>"
    return str(kind)


def explain_reading(name: str) -> str:
    """A section that shows how to read a shard of this name."""
    return f"""## Reading it

Where this folder is called `shards`. Only the columns that are named are read.

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

And back to MIDI, with Amadeus, from the rows of any of them:

```python
from amadeus import write_midi
from amadeus.tokens import decode

write_midi(decode(rows), "piece.mid")
```"""


def markdown_table(*rows: Iterable[object], right: Iterable[int] = ()) -> str:
    """A Markdown table, the first row its head; columns in `right` are aligned to the right."""
    head, *body = ([_cell_text(str(cell)) for cell in row] for row in rows)
    rule = ["---:" if column in set(right) else "---" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))


def _cell_text(text: str) -> str:
    """On one line, and without what would end the cell."""
    return " ".join(text.split()).replace("|", r"\|")
