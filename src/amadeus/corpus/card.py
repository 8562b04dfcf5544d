"""The dataset card of a corpus: a page for people, its numbers for programs, and its pictures.

The format is that of the Hugging Face Hub, huggingface.co/docs/hub/datasets-cards: the front matter
of the page tells `datasets.load_dataset` which files make up which split.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from amadeus.corpus.card_schema import explain_reading, explain_schema, markdown_table
from amadeus.corpus.duplicates import NEAR_DUPLICATE, VERSION
from amadeus.corpus.fingerprint import SHINGLE
from amadeus.corpus.plots import draw_plots
from amadeus.corpus.shards import read_summary
from amadeus.corpus.splits import VALIDATION_SHARE
from amadeus.corpus.statistics import PERCENTS, WORDS, Size, Statistics, measure_corpus
from amadeus.files import write_text
from amadeus.tokens import ATTRIBUTES

LICENCE_TERMS = {
    "open": "a free licence, whose terms apply (attribution, share-alike), or the public domain",
    "nc": "non-commercial use only",
    "stated": "the collection states a licence, but others may own the songs",
    "unclear": "no licence is stated, or the songs are under copyright",
}

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))
_TAGS = ("music", "midi", "symbolic-music", "text-to-music", "music-generation", "captions")


def write_card(folder: Path, out: Path | None = None) -> None:
    """Write README.md, statistics.json and plots/*.png for a folder of token shards.

    out: another folder for them, as a page of documentation; the front matter, which names the
    files of the shards, is then left out. The same shards give the same bytes.

    Raises CorpusError for a folder that holds no shards or damaged ones.
    """
    summary, statistics = read_summary(folder), measure_corpus(folder)
    out = out or folder
    out.mkdir(parents=True, exist_ok=True)
    plots = draw_plots(statistics, out / "plots")
    page = _page(summary, statistics, [path.stem for path in plots])
    if out == folder:
        page = _front_matter(summary, statistics) + page
    numbers = json.dumps(statistics.to_dict(), indent=2, ensure_ascii=False) + "\n"
    write_text(out / "statistics.json", numbers)
    write_text(out / "README.md", page)


def _front_matter(summary: dict[str, Any], statistics: Statistics) -> str:
    """What the Hub and `datasets` read. `other` is the Hub's word for a mixture of licences."""
    pieces = statistics.size.pieces
    splits = sorted({name.split("-")[0] for name in summary["shards"]})
    fields = {
        "pretty_name": "Amadeus corpus",
        "license": "other",
        "license_name": "per-piece",
        "tags": list(_TAGS),
        "size_categories": [next((name for most, name in _SIZES if pieces < most), "n>1M")],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": s, "path": f"{s}-*.arrow"} for s in splits],
            }
        ],
    }
    return f"---\n{yaml.safe_dump(fields, sort_keys=False)}---\n\n"


def _page(summary: dict[str, Any], statistics: Statistics, plots: Iterable[str]) -> str:
    sections = (
        _opening(statistics),
        _composition(statistics),
        _licences(statistics),
        "## Figures",
        *(f"![{name.capitalize()}](plots/{name}.png)" for name in plots),
        _measured(statistics),
        _captions(statistics),
        explain_schema(),
        explain_reading(summary["shards"][0]),
        _building(summary, statistics),
        _CAVEATS,
    )
    return "\n\n".join(sections) + "\n"


def _cells(size: Size) -> tuple[str, str, str]:
    digits = 0 if size.hours >= 9.95 else 1
    return f"{size.pieces:,}", f"{size.notes:,}", f"{size.hours:,.{digits}f}"


def _opening(statistics: Statistics) -> str:
    pieces, notes, hours = _cells(statistics.size)
    count = len(statistics.sizes("corpus"))
    collections = "one collection" if count == 1 else f"{count} collections"
    return f"""# Symbolic music, tokenised and captioned

{pieces} pieces of music with {notes} notes, {hours} hours in all. The MIDI files of
{collections} were cleaned, deduplicated and quantized to a twelfth
of a quarter note. Each piece is stored as rows of {len(ATTRIBUTES)} token attributes, together with
measured facts. There are {statistics.captions.count:,} captions. Made with
`amadeus corpus build`."""


def _composition(statistics: Statistics) -> str:
    classes: dict[str, set[str]] = {}
    for part in statistics.parts:
        classes.setdefault(part.corpus, set()).add(f"`{part.licence_class}`")
    head = ("corpus", "pieces", "notes", "hours", "licences")
    rows = (
        (name, *_cells(size), ", ".join(sorted(classes[name])))
        for name, size in statistics.sizes("corpus").items()
    )
    splits = ((name, *_cells(size)) for name, size in statistics.sizes("split").items())
    return "\n\n".join(
        (
            "## Contents",
            markdown_table(("split", *head[1:4]), *splits, right=(1, 2, 3)),
            markdown_table(head, *rows, right=(1, 2, 3)),
        )
    )


def _licences(statistics: Statistics) -> str:
    classes = statistics.sizes("licence_class")
    terms = ((f"`{name}`", *_cells(size), LICENCE_TERMS[name]) for name, size in classes.items())
    kinds: dict[tuple[str, str], Size] = {}
    for part in statistics.parts:
        kind = (part.licence or "not stated", f"`{part.licence_class}`")
        kinds[kind] = kinds.get(kind, Size()) + part.size
    ranked = sorted(kinds.items(), key=lambda item: (-item[1].pieces, item[0]))
    return "\n\n".join(
        (
            "## Licences",
            _warning(statistics.size.pieces, classes),
            markdown_table(
                ("class", "pieces", "notes", "hours", "meaning"), *terms, right=(1, 2, 3)
            ),
            markdown_table(
                ("licence according to the source", "class", "pieces"),
                *((*kind, f"{size.pieces:,}") for kind, size in ranked),
                right=(2,),
            ),
        )
    )


def _warning(pieces: int, classes: dict[str, Size]) -> str:
    """What the licences permit."""
    free = classes.get("open", Size()).pieces
    limited = classes.get("nc", Size()).pieces
    doubtful = pieces - free - limited
    if doubtful:
        return (
            f"> **Warning: {doubtful:,} of {pieces:,} pieces ({doubtful / pieces:.0%}) have no "
            "clear licence, or their songs may be under copyright.** Including them here grants no "
            "right to publish them. Check before you redistribute this folder or a model trained "
            'on it. For freely licensed music only, select `licence_class == "open"`: '
            f"{free:,} pieces."
        )
    if limited:
        return (
            f"> **Warning: {limited:,} of {pieces:,} pieces may not be used commercially.** "
            f'Select `licence_class == "open"` for the {free:,} that may.'
        )
    return "> All pieces have open licences, whose terms apply, including attribution."


def _measured(statistics: Statistics) -> str:
    known = [histogram for histogram in statistics.numbers.values() if histogram.known]
    numbers = (
        (h.label, f"{h.known:,}", *(f"{value:,g}" for value in h.percentiles.values()))
        for h in known
    )
    words = ((WORDS[name], _most_frequent(counts)) for name, counts in statistics.words.items())
    percents = (f"{percent} %" for percent in PERCENTS)
    return "\n\n".join(
        (
            "## Numbers",
            markdown_table(("", "pieces", *percents), *numbers, right=range(1, 7)),
            "Percentiles over pieces. "
            f"{statistics.performed:,} pieces were played freely and have neither tempo nor bars.",
            markdown_table(("", "most frequent values, with their numbers of pieces"), *words),
            "`statistics.json` has these numbers and histograms.",
        )
    )


def _most_frequent(counts: dict[str, int], most: int = 12) -> str:
    shown = [f"{name} {count:,}" for name, count in list(counts.items())[:most]]
    return ", ".join(shown) or "none"


def _captions(statistics: Statistics) -> str:
    captions = statistics.captions
    examples = "\n".join(f"- {example}" for example in captions.examples)
    return f"""## Captions

{captions.count:,} captions of {captions.mean_words:.1f} words on average,
{captions.distinct_share:.0%} of them different. Each states some of the `facts` of its piece, in
varied words. Examples from {len(captions.examples)} pieces:

{examples}"""


def _building(summary: dict[str, Any], statistics: Statistics) -> str:
    settings = ((f"`{name}`", f"`{json.dumps(v)}`") for name, v in summary["settings"].items())
    left_out = sum(statistics.skipped.values())
    parts = [
        f"""## How it was built

1. All MIDI files of the collections were read. Unreadable files and pieces outside the limits below
   were left out.
2. Notes were quantized, chords were estimated, and both were encoded as tokens.
3. Duplicates were removed: pieces with the same notes in any key, tempo and instruments, and pieces
   that share {NEAR_DUPLICATE:.0%} of their runs of {SHINGLE} melodic intervals (Jaccard
   similarity, estimated by MinHash). The piece with the freest licence was kept, then the one with
   the most labels.
4. Pieces with the same composer and title, or with {VERSION:.0%} of their runs in common, are
   versions of one `work`. All versions are in one split: the source's, or one chosen by a hash,
   with {VALIDATION_SHARE:.0%} of the works in validation.
5. Facts were measured, and captions were written from them.""",
        markdown_table(("setting", "value"), *settings),
    ]
    if left_out:
        reasons = ((reason, f"{count:,}") for reason, count in statistics.skipped.items())
        parts += [
            f"{left_out:,} files were left out; `skipped.csv` lists them with the reasons.",
            markdown_table(("reason", "files"), *reasons, right=(1,)),
        ]
    return "\n\n".join(parts)


_CAVEATS = """## Caveats and limits

- Facts are measured, not annotated by people. Key estimates are often the relative key or the
  dominant's. Chords are estimated from the notes, and instruments are those of the file. A tempo of
  120 is often the default of a file that states none.
- Captions are written from the facts by rules and share their errors. No person has checked them by
  listening.
- Genres, forms and moods depend on the labels of the source, which often describe the artist or the
  folder rather than the piece. Moods without a label are guesses from mode, tempo and density.
- The grid holds sixteenths and triplets. Finer rhythms and free timing are rounded to it. Pedals,
  pitch bends, lyrics, sound effects and microtones are lost, and unisons within one instrument
  become one note.
- The bars of pieces played freely are meaningless. Such pieces are marked `facts.performed`, if
  they are included.
- Different arrangements of a work are all included. Those with too little melody in common and
  different titles may be in both splits.
- The corpus is a sample of what people have written as MIDI. Much of it is in 4/4 and in Western
  keys, and the shares of styles are not balanced."""
