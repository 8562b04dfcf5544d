"""Parts of a report for which networks of others listen: CLAP to the sound, CLaMP 2 to the notes.

Their weights are not part of this package; docs/weights.md says where they come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amadeus.evaluation.evidence import Evidence, MakePart, Part
from amadeus.evaluation.moods import MOODS
from amadeus.reports.means import Mean, number
from amadeus.reports.report import Table

if TYPE_CHECKING:
    from amadeus.evaluation.clap import ClapScores

RETRIEVED = 10
MOODS_HEARD = 3
_SOUND = f"""Pieces are played on the SoundFont that comes with the package and heard by CLAP.
Similarity is the cosine between a piece and its prompt, retrieval the share of pieces whose prompt
is among the {RETRIEVED} most similar of all different ones, beside what chance reaches among so
many, correct mood the share of those with a mood in their prompt for which it is among the
{MOODS_HEARD} of {len(MOODS)} that are heard."""
_DISTANCE = """Frechet distance between the embeddings of the openings and of real ones by CLaMP 2.
It falls as sets grow: compare values of equally large ones."""


def clap_part(model: str | Path) -> MakePart:
    """How near pieces are to their prompts, for CLAP. model: a folder, or a name on the hub.

    Raises CheckpointError where the weights cannot be read.
    """
    from amadeus.evaluation.clap import Clap, clap_scores

    clap = Clap(model)

    def sound(evidence: Evidence) -> Part | None:
        rows, values = [], {}
        for system in evidence.systems:
            asked = [one for one in system.readable if one.prompt and one.prompt.text]
            pairs = [(one.music, one.prompt.text) for one in asked if one.music and one.prompt]
            if pairs:
                owners = [one.prompt.id for one in asked if one.prompt]
                row, values[system.name] = _heard(clap_scores(pairs, clap), owners)
                rows.append([system.name, *row])
        if not rows:
            return None
        header = ("", "pieces", "prompts", "similarity", "retrieval, %", "by chance, %",
                  "correct mood, %")  # fmt: skip
        return Part([Table("Sound and words", header, rows, _SOUND)], {"clap": values})

    return sound


def _heard(scores: ClapScores, owners: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """A row of the table, and its numbers. owners: the prompt of each piece."""
    similarity = Mean.of(scores.similarity, owners)
    retrieval = Mean.of(scores.retrieved(RETRIEVED), owners)
    mood = Mean.of(scores.correct_mood(MOODS_HEARD), owners)
    chance = min(1.0, RETRIEVED / scores.num_captions)
    row = [str(len(owners)), str(scores.num_captions), str(similarity), retrieval.percent(),
           f"{100 * chance:.0f}", mood.percent()]  # fmt: skip
    return row, {
        "pieces": len(owners),
        "prompts": scores.num_captions,
        "similarity": similarity.to_dict(),
        f"retrieval at {RETRIEVED}": retrieval.to_dict(),
        f"retrieval at {RETRIEVED} by chance": number(chance),
        f"correct mood, top {MOODS_HEARD}": mood.to_dict(),
    }


def frechet_part(folder: str | Path) -> MakePart:
    """Frechet music distance to the reference. folder: holds CLaMP 2's model.safetensors.

    Raises CheckpointError where the weights cannot be read.
    """
    from amadeus.evaluation.clamp import Clamp
    from amadeus.evaluation.frechet import frechet_distance

    clamp = Clamp(folder)

    def distance(evidence: Evidence) -> Part | None:
        systems = [system for system in evidence.systems if len(system.openings) > 1]
        if len(evidence.reference) < 2 or not systems:
            return None
        real = clamp(evidence.reference)
        values = {s.name: frechet_distance(clamp(s.openings), real) for s in systems}
        rows = [[s.name, str(len(s.openings)), f"{values[s.name]:.2f}"] for s in systems]
        header = ("", "pieces", "distance")
        table = Table("Frechet music distance", header, rows, _DISTANCE)
        return Part([table], {"frechet music distance": values})

    return distance
