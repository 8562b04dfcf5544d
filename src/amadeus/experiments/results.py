"""The results page: what the paper claims, and what the reports found here.

Every claim is looked up in the numbers of one report (`claims`). The page is made of those and of
nothing else: a report that is missing is said to be missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from amadeus.errors import ConfigError
from amadeus.reports.report import NUMBERS, PAGE

Numbers = Mapping[str, Any]


class Verdict(NamedTuple):
    """The result of a report for a claim."""

    measured: str
    agrees: str
    """yes, no, in part, or not to be told."""
    why: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that was claimed, and where it is looked up."""

    text: str
    report: str
    """The folder of the report."""
    judge: Callable[[Numbers], Verdict]


@dataclass(frozen=True, slots=True)
class Result:
    """A claim with what was found, or without."""

    claim: Claim
    verdict: Verdict | None
    command: str = ""


_SOURCE = "[Amadeus](https://arxiv.org/abs/2508.20665) (Su et al. 2025)"
_HEAD = f"""# Results

What {_SOURCE} claims, and what was found here with an implementation of our own: the same two
levels, other tokens, another corpus, far less training. Made by `{{command}}` from the
numbers of the reports in `{{folder}}/`; each has a page of its own with the method, the intervals
and the command that makes it. In brackets, 95 % intervals.

| claim | measured here | agrees | why | report |
| --- | --- | --- | --- | --- |
"""


def collect(folder: Path, claims: Sequence[Claim]) -> list[Result]:
    """Look every claim up in the reports of a folder.

    Raises ConfigError for a folder without a report, and for numbers that are not as expected.
    """
    found = [_look_up(claim, folder) for claim in claims]
    if not any(result.verdict for result in found):
        raise ConfigError(f"{folder} holds no report; name the folder of the experiments' folders")
    return found


def _look_up(claim: Claim, folder: Path) -> Result:
    path = folder / claim.report / NUMBERS
    try:
        numbers = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Result(claim, None)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); make the report again") from None
    try:
        return Result(claim, claim.judge(numbers), numbers["provenance"]["command"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path} lacks {error}, by an older or newer version; make the report again"
        ) from None


def titles(folder: Path) -> dict[str, str]:
    """The title of every report in a folder, by the name of its own."""
    found = {}
    for path in sorted(folder.glob(f"*/{NUMBERS}")):
        try:
            found[path.parent.name] = str(json.loads(path.read_text(encoding="utf-8"))["title"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} is no report ({error}); make it again") from None
    return found


def to_markdown(
    results: Sequence[Result], reports: Mapping[str, str], folder: str, command: str
) -> str:
    """The page.

    reports: titles by folder; folder: where these are, from the page; command: what makes it.
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
