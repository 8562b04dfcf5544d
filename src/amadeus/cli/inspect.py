"""`amadeus inspect`: describes a MIDI file, a folder of token shards or a checkpoint."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amadeus.cli import options
from amadeus.cli.display import print_json, print_table
from amadeus.errors import AmadeusError

EXAMPLES = options.examples(
    "amadeus inspect song.mid",
    "amadeus inspect shards/ --json",
    "amadeus inspect runs/small",
    "amadeus inspect amadeus-small",
)
if TYPE_CHECKING:
    from amadeus.music.limits import Limits

CHORDS_SHOWN = 16


def inspect(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="MIDI file, shard folder, checkpoint folder or packaged model."
        ),
    ],
    no_limits: options.NoLimits = False,
    as_json: options.Json = False,
) -> None:
    """Show the contents of a MIDI file, a folder of token shards or a checkpoint."""
    from amadeus.model.packaged import available_models, find_checkpoint

    if not source.exists() and str(source) in available_models():
        source = find_checkpoint(source)
    if not source.is_dir():
        facts = _midi(source, options.limits(no_limits))
    elif (source / "corpus.json").exists():
        facts = _shards(source)
    elif (source / "config.json").exists():
        facts = _checkpoint(source)
    else:
        raise AmadeusError(
            f"{source} contains neither token shards nor a checkpoint; give a file or such a folder"
        )
    if as_json:
        print_json(facts)
    else:
        _print(facts)


def _midi(path: Path, limits: Limits) -> dict[str, Any]:
    from amadeus.cli.outputs import summarize
    from amadeus.music.chords import chord_name, estimate_chords
    from amadeus.music.grid import clip_bars
    from amadeus.music.instruments import program_name
    from amadeus.music.keys import estimate_key
    from amadeus.music.midi import read_midi
    from amadeus.profile import profile_of_score
    from amadeus.profile.wording import describe

    score = read_midi(path, limits)
    bars = clip_bars(score)

    def bar(event: Any) -> int:
        return int(bars.index_at(event.onset_ticks)) + 1

    key = estimate_key(score)
    profile = describe(profile_of_score(score)) if score.num_notes else {}
    return {
        "kind": "midi",
        "path": str(path),
        **summarize(score),
        "key": str(key) if key else None,
        "profile": profile,
        "ticks_per_quarter": score.ticks_per_quarter,
        "tempos": [{"bar": bar(t), "bpm": t.bpm} for t in score.tempos],
        "time_signatures": [{"bar": bar(t), "metre": str(t)} for t in score.time_signatures],
        "chords": [
            {"bar": bar(c), "chord": chord_name(c)} for c in score.chords or estimate_chords(score)
        ],
        "tracks": [
            {
                "name": track.name,
                "instrument": "Drums" if track.is_drum else program_name(track.program),
                "program": None if track.is_drum else track.program,
                "notes": len(track.notes),
                "lowest_pitch": int(track.notes["pitch"].min()),
                "highest_pitch": int(track.notes["pitch"].max()),
            }
            for track in score.tracks
        ],
        "notices": list(score.notices),
    }


def _shards(folder: Path) -> dict[str, Any]:
    from amadeus.corpus.shards import Shards

    shards = Shards(folder)
    return {
        "kind": "shards",
        "path": str(folder),
        "pieces": len(shards),
        "rows": sum(piece.rows for piece in shards.pieces),
        "vocabulary": shards.summary["vocabulary"],
        "splits": dict(Counter(piece.split for piece in shards.pieces)),
        "sources": dict(Counter(shards.sources()).most_common()),
        "skipped": shards.summary.get("skipped", {}),
    }


def _checkpoint(folder: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    from amadeus.model.checkpoint_files import read_config, read_sizes, read_weights

    config = read_config(folder)
    weights = read_weights(folder, read_sizes(folder), load_file)
    parameters = sum(weight.size for weight in weights.values())
    return {
        "kind": "checkpoint",
        "path": str(folder),
        "parameters": parameters,
        **{name: config.get(name, {}) for name in ("vocabulary", "model", "notes")},
    }


def _print(facts: dict[str, Any]) -> None:
    """Print one fact per line, and the tracks of a piece as a table."""
    from amadeus.profile.wording import in_words

    tracks, notices = facts.pop("tracks", []), facts.pop("notices", [])
    if "profile" in facts:
        facts["profile"] = in_words(facts["profile"]) or "none"
    print_table((name.replace("_", " "), _words(value)) for name, value in facts.items())
    if tracks:
        typer.echo()
        print_table([
            ("track", "instrument", "notes", "pitches", "name"),
            *(
                (
                    str(number), t["instrument"], str(t["notes"]),
                    f"{t['lowest_pitch']}-{t['highest_pitch']}", t["name"],
                )
                for number, t in enumerate(tracks, start=1)
            ),
        ])  # fmt: skip
    for notice in notices:
        typer.echo(f"warning: {facts['path']}: {notice}", err=True)


def _words(value: Any) -> str:
    """A value as text: numbers with thousands separators, events as `value (bar 1)`."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(x)}" for name, x in value.items()) or "none"
    if isinstance(value, list):
        shown = [f"{_words(list(e.values())[1])} (bar {e['bar']})" for e in value[:CHORDS_SHOWN]]
        more = len(value) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")
    if isinstance(value, bool) or value is None:
        return "unknown" if value is None else str(value).lower()
    if isinstance(value, (int, float)):
        return f"{value:,}"
    return str(value)
