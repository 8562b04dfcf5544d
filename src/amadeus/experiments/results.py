"""The results page: the paper's claims, and what the reports measured for each.

The page contains nothing but values from the reports' numbers and the verdicts computed from them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from amadeus.errors import ConfigError
from amadeus.experiments.verdicts import Effect, combine, verdict
from amadeus.reports.report import NUMBERS, PAGE

Numbers = Mapping[str, Any]


class Verdict(NamedTuple):
    """The result of a report for a claim."""

    measured: str
    agrees: str
    """yes, partly, no or inconclusive."""
    why: str
    """The criterion for "yes", and what has to be known about the measurement."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim or question, and how to read the effects that decide it from a report."""

    text: str
    report: str
    """The folder of the report."""
    effects: Callable[[Numbers], Sequence[Effect]]
    note: str = ""
    """About the measurement, not its result."""

    def judge(self, numbers: Numbers) -> Verdict:
        """Raises KeyError, TypeError or ValueError for numbers of another version."""
        effects = self.effects(numbers)
        decisive = [(e.value, e.threshold) for e in effects if e.value and e.threshold]
        criteria = dict.fromkeys(str(threshold) for _, threshold in decisive)
        return Verdict(
            "; ".join(effect.text for effect in effects if effect.text).replace(":; ", ": "),
            combine(verdict(value, threshold) for value, threshold in decisive),
            "; ".join([*criteria, *([self.note] if self.note else [])]),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """A claim and its verdict, None without a report."""

    claim: Claim
    verdict: Verdict | None
    command: str = ""


_SOURCE = "[Amadeus](https://arxiv.org/abs/2508.20665) (Su et al. 2025)"
_HEAD = f"""# Results

The claims of {_SOURCE}, tested with our own implementation. It has the same two
levels, but different tokens, another corpus and far less training.

A verdict is "yes" if the 95 % intervals (in brackets) of all effects meet the criterion, "partly"
if only some do, "no" if none does and at least one clearly fails, and "inconclusive" otherwise.
Runs with several seeds must also agree in every seed. `{{command}}`
computes this page from the numbers in `{{folder}}/`, where each report states its method.

| claim | measured here | verdict | criterion for "yes" | report |
| --- | --- | --- | --- | --- |
"""


def collect(folder: Path, claims: Sequence[Claim]) -> list[Result]:
    """Look every claim up in the reports of a folder.

    Raises ConfigError for a folder without a report, and for numbers that cannot be read.
    """
    results = [_look_up(claim, folder) for claim in claims]
    if not any(result.verdict for result in results):
        raise ConfigError(
            f"{folder} contains no report; give the folder that has a folder per experiment"
        )
    return results


def _look_up(claim: Claim, folder: Path) -> Result:
    path = folder / claim.report / NUMBERS
    try:
        numbers = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Result(claim, None)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); run the experiment again") from None
    try:
        return Result(claim, claim.judge(numbers), numbers["provenance"]["command"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path} lacks {error}: another version wrote it; run the experiment again"
        ) from None


def titles(folder: Path) -> dict[str, str]:
    """The titles of the reports in a folder, by the names of their folders."""
    by_name = {}
    for path in sorted(folder.glob(f"*/{NUMBERS}")):
        try:
            by_name[path.parent.name] = str(json.loads(path.read_text(encoding="utf-8"))["title"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path} is not a report ({error}); run the experiment again"
            ) from None
    return by_name


def to_markdown(
    results: Sequence[Result], reports: Mapping[str, str], folder: str, command: str
) -> str:
    """The page.

    reports: titles by folder; folder: their path from the page; command: what writes the page.
    """
    lines = []
    for result in results:
        claim, verdict = result.claim, result.verdict
        if verdict is None:
            cells = [claim.text, "not measured", "", f"no report in `{folder}/{claim.report}`", ""]
        else:
            link = f"[{claim.report}]({folder}/{claim.report}/{PAGE})"
            cells = [claim.text, verdict.measured, verdict.agrees, verdict.why, link]
        lines.append(f"| {' | '.join(cells)} |")
    links = [f"- [{name}]({folder}/{name}/{PAGE}): {title}" for name, title in reports.items()]
    page = _HEAD.format(command=command, folder=folder) + "\n".join(lines)
    return page + "\n\n## All reports\n\n" + "\n".join(links) + "\n"


def to_dict(results: Sequence[Result]) -> dict[str, Any]:
    """For programs."""
    return {
        "claims": [
            {
                "claim": result.claim.text,
                "report": result.claim.report,
                "measured": None if result.verdict is None else result.verdict._asdict(),
                "command": result.command or None,
            }
            for result in results
        ]
    }
