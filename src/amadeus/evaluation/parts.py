"""The parts of an evaluation's report, in order. One more measure is one more function here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from amadeus.evaluation import pictures
from amadeus.evaluation.alignment import MAX_OTHERS, MEASURES, mean_alignment, shuffled_alignment
from amadeus.evaluation.comparison import Comparison, chance_distances, measure
from amadeus.evaluation.evidence import Evidence, MakePart, Part, System
from amadeus.evaluation.faults import faults
from amadeus.evaluation.memorisation import PASSAGE_NOTES, Passages
from amadeus.evaluation.metrics import with_unit
from amadeus.evaluation.two_sample import two_sample_part
from amadeus.music.score import Score
from amadeus.reports.means import Mean, number
from amadeus.reports.report import Report, Table, in_code

_SUMMARY = """One evaluator for every system: what follows was measured in the notes alone. In
brackets is the interval that holds 95 % of bootstrap means (percentiles of 2,000; of pieces of one
prompt, all or none are drawn); a single piece or prompt has none. Definitions and sources:
`docs/evaluation.md`."""
_ALIGNMENT = f"""Percent of the pieces that were asked, measured in whole pieces; a file that cannot
be read meets nothing. "Shuffled" measures the same pieces against the labels of other prompts (of
all, or of {MAX_OTHERS} where there are more): what habit and chance reach. Where all agree there is
no interval, but where n prompts agree, up to 300 / n % of others may still not."""
_MUSIC = """Of the first {bars} bars of every piece; shorter ones are measured as a whole.{real}"""
_BESIDE = """ There are {pieces} real pieces. Matching them is the aim, not the largest value.
Distance: Wasserstein-1, in standard deviations of the real values. Chance: the same of as many real
pieces (at most half of them, {half}), drawn by chance, from the other ones, which is as near as one
can hope to come. Overlap: area under the densities of distances to and among real pieces, at most
1."""
_MEMORISED = f"""Notes of the longest passage of a piece's first {{bars}} bars that is, note for
note, in the training pieces, in any key and at any tempo; runs of at least {PASSAGE_NOTES} notes of
one pitched instrument, loops and scales included. Held-out music quotes, too: compare with that."""
_MOST_TOLD = 10
"""Pieces that are named for what they have in common with the training pieces."""


def report_on(
    evidence: Evidence, provenance: Mapping[str, Any], parts: Sequence[MakePart] | None = None
) -> Report:
    """The report. parts: what it has; PARTS if left out."""
    made = [part for make in parts or PARTS if (part := make(evidence)) is not None]
    return Report(
        title="Evaluation",
        summary=_SUMMARY,
        tables=[table for part in made for table in part.tables],
        values={name: value for part in made for name, value in part.values.items()},
        provenance=provenance,
        pictures={name: figure for part in made for name, figure in part.pictures.items()},
    )


def files(evidence: Evidence) -> Part:
    """How many pieces there are, and which cannot be read."""
    rows, values = [], {}
    for system in evidence.systems:
        answered = {piece.prompt.id for piece, _ in system.answers if piece.prompt}
        found = {
            "pieces": len(system.pieces),
            "broken": len(system.broken),
            "repaired": sum(bool(piece.notices) for piece in system.pieces),
            "answering a prompt": len(system.answers),
            "prompts without a piece": sum(p.id not in answered for p in evidence.prompts),
            f"under {evidence.bars} bars": system.num_short,
        }
        rows.append([system.name, *map(str, found.values())])
        problems = [{"file": one.name, "problem": one.problem} for one in system.broken]
        values[system.name] = found | {"problems": problems}
    tables = [Table("Pieces", ("", *found), rows)]
    broken = [
        [in_code(p.name), p.problem.partition(";")[0]] for s in evidence.systems for p in s.broken
    ]
    if broken:
        tables.append(Table("Files that cannot be read", ("file", "why"), broken))
    pieces = [_piece(system, evidence.training) for system in evidence.systems]
    return Part(tables, {"systems": values, "pieces": [one for many in pieces for one in many]})


def _piece(system: System, training: Passages | None) -> list[dict[str, Any]]:
    """Everything that was measured of every piece of a system."""
    place = {id(piece): i for i, piece in enumerate(system.readable)}
    aligned = {id(p): found for (p, _), found in zip(system.answers, system.alignment, strict=True)}
    values = []
    for piece in system.pieces:
        value: dict[str, Any] = {"system": system.name, "file": piece.name}
        value |= {"sha256": piece.sha256} if piece.sha256 else {}
        value |= {"prompt": piece.prompt.id} if piece.prompt else {}
        value |= {"problem": piece.problem} if piece.problem else {}
        value |= {"notices": list(piece.notices)} if piece.notices else {}
        value |= {"alignment": aligned[id(piece)]} if id(piece) in aligned else {}
        if id(piece) in place:
            i = place[id(piece)]
            value["metrics"] = {name: number(v[i]) for name, v in system.metrics.items()}
            if training is not None:
                value["longest shared"] = training.longest_shared(system.openings[i])
        values.append(value)
    return values


def alignment(evidence: Evidence) -> Part | None:
    """Whether the music has what its prompts ask for."""
    columns = {}
    for system in evidence.systems:
        if not any(system.alignment):
            continue
        owners = [piece.prompt.id for piece, _ in system.answers if piece.prompt]
        columns[system.name] = mean_alignment(system.alignment, owners)
        wanted = [wanted for _, wanted in system.answers]
        columns[f"{system.name}, shuffled"] = shuffled_alignment(system.heard, wanted)
    if not columns:
        return None
    rows = []
    for name, meaning in MEASURES.items():
        found = [means[name] for means in columns.values() if name in means]
        if found:
            cells = [
                means[name][0].percent() if name in means else "" for means in columns.values()
            ]
            prompts = {own for s in evidence.systems for own in s.asked_for(name)}
            rows.append([f"{name}: {meaning}", *cells, str(found[0][1]), str(len(prompts))])
    values = {
        column: {name: mean.to_dict() | {"pieces": n} for name, (mean, n) in means.items()}
        for column, means in columns.items()
    }
    header = ("measure, %", *columns, "pieces", "prompts")
    return Part(
        [Table("What was asked for", header, rows, _ALIGNMENT)],
        {"alignment": values},
        {"alignment": pictures.draw_alignment(columns)},
    )


def music(evidence: Evidence) -> Part | None:
    """What the music is like, beside real music where that is given."""
    systems = [system for system in evidence.systems if system.openings]
    if not systems:
        return None
    real = measure(evidence.reference) if evidence.reference else {}
    tables, values, note = [], {}, _music_note(evidence)
    for system in systems:
        means = {name: Mean.of(v, system.owners) for name, v in system.metrics.items()}
        comparison = Comparison(system.metrics, real)
        beside = {
            "distances": comparison.distances,
            "chance": chance_distances(real, len(system.openings)) if real else {},
            "overlaps": comparison.overlaps,
        }
        tables.append(_music_table(system, means, real, list(beside.values()), note))
        note = ""
        values[system.name] = {
            "means": {name: mean.to_dict() for name, mean in means.items()},
            **{kind: {name: number(v) for name, v in of.items()} for kind, of in beside.items()},
            "mean distance": number(_average(beside["distances"])),
        }
    if real:
        values["real"] = {
            "pieces": len(evidence.reference),
            "means": {name: Mean.of(v).to_dict() for name, v in real.items()},
        }
    shown = {system.name: system.metrics for system in systems}
    return Part(tables, {"music": values}, {"music": pictures.draw_metrics(shown, real)})


def _music_note(evidence: Evidence) -> str:
    pieces = len(evidence.reference)
    beside = _BESIDE.format(pieces=pieces, half=pieces // 2) if pieces else ""
    return _MUSIC.format(bars=evidence.bars, real=beside)


def _music_table(
    system: System, means: Mapping[str, Mean], real: Mapping[str, np.ndarray],
    beside: Sequence[Mapping[str, float]], note: str,
) -> Table:  # fmt: skip
    """beside: distances, chance and overlaps by metric, empty where there is no real music."""
    total = len(system.openings)
    title = f"What the music is like: {system.name}, {total} piece{'s' * (total != 1)}"
    defined = {name: int((~np.isnan(v)).sum()) for name, v in system.metrics.items()}
    some = min(defined.values()) < total  # the others have no pitched note, or a single bar
    rows = [
        [with_unit(name), *([str(defined[name])] if some else []), str(mean),
         *([str(Mean.of(real[name])), *(_plain(v[name]) for v in beside)] if real else [])]
        for name, mean in means.items()
    ]  # fmt: skip
    header = ["metric", *(["pieces"] if some else []), "mean"]
    if real:
        header += ["real music", "distance", "chance", "overlap"]
        blank = [""] * (len(header) - 4)
        rows.append(["mean of all", *blank, *(_plain(_average(v)) for v in beside)])
    return Table(title, header, rows, note)


def memorisation(evidence: Evidence) -> Part | None:
    """How much of the music is in the training pieces."""
    if evidence.training is None:
        return None
    known = evidence.training
    sets: dict[str, tuple[Sequence[Score], Sequence[str] | None]] = {
        system.name: (system.openings, system.owners) for system in evidence.systems
    }
    sets["real music"] = (evidence.reference, None)
    longest, rows, values = {}, [], {}
    for name, (scores, owners) in sets.items():
        if not scores:
            continue
        longest[name] = notes = np.array([known.longest_shared(score) for score in scores])
        share = Mean.of([known.share(score) for score in scores], owners)
        mean = Mean.of(notes, owners)
        quantiles = np.quantile(notes, (0.5, 0.9, 1))
        places = (f"{q:.0f}" for q in quantiles)
        rows.append([name, str(len(notes)), str(mean), *places, share.percent()])
        values[name] = {
            "longest, mean": mean.to_dict(),
            **dict(zip(("median", "90 %", "longest"), map(float, quantiles), strict=True)),
            "share": share.to_dict(),
        }
    header = ("", "pieces", "mean", "median", "90 %", "longest", "share of passages, %")
    tables = [Table("Memorised passages", header, rows, _MEMORISED.format(bars=evidence.bars))]
    named = [
        (notes, piece.name, system.name) for system in evidence.systems if system.openings
        for notes, piece in zip(longest[system.name], system.readable, strict=True) if notes
    ]  # fmt: skip
    most = sorted(named, key=lambda one: (-one[0], *one[1:]))[:_MOST_TOLD]
    if most:
        cells = [[in_code(name), system, str(notes)] for notes, name, system in most]
        tables.append(Table("Longest memorised passages", ("piece", "of", "notes"), cells))
    drawn = pictures.draw_memorisation(longest)
    return Part(tables, {"memorisation": values}, {"memorisation": drawn})


def _average(values: Mapping[str, float]) -> float:
    defined = [value for value in values.values() if not np.isnan(value)]
    return float(np.mean(defined)) if defined else np.nan


def _plain(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"  # noqa: RUF001


PARTS: tuple[MakePart, ...] = (
    files, alignment, music, faults, two_sample_part, memorisation,
)  # fmt: skip
"""Functions that make the parts. One that needs more than an installation has, such as weights
from a hub, is added by the caller."""
