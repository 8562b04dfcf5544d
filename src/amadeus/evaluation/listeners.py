"""Parts of a report for which networks of others listen: CLAP to the sound, CLaMP 2 to the notes.

Their weights are not part of this package; docs/weights.md says where they come from.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from amadeus.evaluation.evidence import Evidence, MakePart, Part, number
from amadeus.reports.means import Mean
from amadeus.reports.report import Table

RETRIEVED = 10
MOODS_HEARD = 3
_SOUND = f"""Pieces are played on the SoundFont that comes with the package and heard by CLAP.
Similarity is the cosine between a piece and its prompt, retrieval the share of pieces whose prompt
is among the {RETRIEVED} most similar of all, correct mood the share of those with a mood in their
prompt for which it is among the {MOODS_HEARD} that are heard."""
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
            pairs = [
                (one.music, one.prompt.text) for one in system.readable if one.music and one.prompt
            ]
            pairs = [(score, text) for score, text in pairs if text]
            if not pairs:
                continue
            found = clap_scores(pairs, clap)
            similarity = Mean.of(found.similarity)
            retrieved, moods = found.retrieval(RETRIEVED), found.correct_mood(MOODS_HEARD)
            rows.append(
                [system.name, str(len(pairs)), str(similarity), _percent(retrieved),
                 _percent(moods)]
            )  # fmt: skip
            values[system.name] = {
                "pieces": len(pairs),
                "similarity": similarity.to_dict(),
                f"retrieval at {RETRIEVED}": number(retrieved),
                f"correct mood, top {MOODS_HEARD}": number(moods),
            }
        if not rows:
            return None
        header = ("", "pieces", "similarity", "retrieval, %", "correct mood, %")
        return Part([Table("Sound and words", header, rows, _SOUND)], {"clap": values})

    return sound


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


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.0f}"  # noqa: RUF001
