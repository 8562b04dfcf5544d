"""The paper's claims and open questions, and the effects that decide each of them.

Effects are read from the numbers of a report; `verdicts` compares them with thresholds. A
difference between runs counts only if its interval and all seeds, at least two, agree on its sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from amadeus.experiments.results import Claim, Numbers
from amadeus.experiments.verdicts import (
    SEED_DEVIATIONS,
    THRESHOLDS,
    Effect,
    exactly,
    over_seeds,
)
from amadeus.reports.means import Mean
from amadeus.reports.report import Table

_LESS, _MORE = THRESHOLDS["decrease"], THRESHOLDS["increase"]
_TEXT_METRICS = ("TBT", "CK", "CTS")
_HEARD = {
    "key": "key heard",
    "chords": "bars in which the chord is heard",
    "ending": "chord heard in the last bar",
}
"""By control, what is measured by analysing the notes."""
_MAKAM = "symbtr"
"""The only collection from outside the Western tradition."""


def _speed(numbers: Numbers) -> list[Effect]:
    systems = {system["system"]: system for system in numbers["tables"]["systems"]}
    ours = next(iter(systems.values()))["notes_per_second"]["median"]
    rounds = {name: np.array(system["ratio"]["rounds"]) for name, system in systems.items()}
    ratios = {
        "compiled core against flat tokens": rounds["flat tokens"],
        "the same design in PyTorch against flat tokens": rounds["flat tokens"] / rounds["torch"],
    }
    in_turn = _range(rounds["attributes in turn"])
    return [
        Effect(f"{ours:.0f} notes per second on {numbers['computer']['cores']} CPU cores"),
        *(
            Effect(f"{name}: {_times(_range(values))}", _range(values), THRESHOLDS["speed"])
            for name, values in ratios.items()
        ),
        Effect(f"compiled core against attributes in turn: {_times(in_turn)}"),
    ]


def _range(rounds: np.ndarray) -> Mean:
    """The median of rounds, and their range instead of an interval."""
    return Mean(float(np.median(rounds)), float(rounds.min()), float(rounds.max()))


def _times(ratio: Mean, digits: int = 1) -> str:
    numbers = (f"{value:.{digits}f}" for value in (ratio.mean, ratio.low, ratio.high))
    return "{} times ({} to {})".format(*numbers)


def _one_step(numbers: Numbers) -> list[Effect]:
    policies = numbers["policies"]
    one, two = policies["T = 1"], policies["T = 2"]
    nats = Mean.of(np.subtract(one["nats"], two["nats"]))
    distance = _mean(one["distance beyond the first"])
    others = [policies[f"T = {steps}"]["notes per second"] for steps in (2, 4, 8)]
    faster = _range(np.divide(one["notes per second"], np.max(others, axis=0)))
    return [
        Effect(f"nats per row compared with T = 2: {nats.signed()}", nats, _MORE),
        Effect(f"distance from real music compared with T = 8: {distance.signed(2)}", distance,
               _MORE),
        Effect(f"speed compared with the next fastest: {_times(faster, 2)}", faster,
               THRESHOLDS["fastest"]),
    ]  # fmt: skip


def _four_steps(numbers: Numbers) -> list[Effect]:
    four = numbers["policies"]["T = 4"]
    nats, distance = (_mean(four[f"{what} beyond the first"]) for what in ("nats", "distance"))
    return [
        Effect(f"distance from real music compared with T = 8: {distance.signed(2)}", distance,
               _LESS),
        Effect(f"nats per row compared with T = 8: {nats.signed()}"),
    ]  # fmt: skip


def _order(numbers: Numbers) -> list[Effect]:
    policies = numbers["policies"]
    base = float(np.mean(policies["T = 8"]["nats"])) / 100
    names = ("least entropy first", "random", "type to velocity", "velocity to type")
    costs = {name: _mean(policies[name]["nats beyond the first"]) for name in names}
    name = max(costs, key=lambda name: abs(costs[name].mean))
    cost = costs[name]
    share = Mean(cost.mean / base, cost.low / base, cost.high / base)
    text = f"largest difference ({name}): {share.signed(1)} % of the nats per row"
    return [Effect(text, share, THRESHOLDS["order"])]


def _telling_first(numbers: Numbers) -> list[Effect]:
    first, last = (
        _mean(numbers["orders"][f"telling {end}"]["beyond random"]) for end in ("first", "last")
    )
    return [
        Effect(f"most informative first: {first.signed()} nats per row compared with random orders",
               first, _LESS),
        Effect(f"last: {last.signed()}"),
    ]  # fmt: skip


def _ablation(numbers: Numbers) -> list[Effect]:
    return [
        Effect(f"{arm}: {_mean(gap).signed()} nats per row", _over_seeds(gap), _MORE)
        for arm, gap in numbers["gaps"].items()
    ]


def _sensitivity(numbers: Numbers) -> list[Effect]:
    noise = SEED_DEVIATIONS * (np.inf if numbers["noise"] is None else numbers["noise"])
    means = [gap["mean"] for gap in numbers["gaps"]]
    effects = [Effect("nats per row compared with no MLSDES, best and worst setting:")]
    for gap in numbers["gaps"]:
        mean = _mean(gap)
        effect = over_seeds(mean, (mean.mean - noise, mean.mean + noise))
        setting = f"weight {gap['weight']:g}, temperature {gap['temperature']:g}"
        shown = mean.mean in (min(means), max(means))
        effects.append(Effect(f"{setting}: {mean.signed()}" if shown else "", effect, _LESS))
    return effects


def _decoders(numbers: Numbers) -> list[Effect]:
    gaps = {
        name: decoder["beyond masked diffusion"]
        for name, decoder in numbers["decoders"].items()
        if name != "masked diffusion"
    }
    return [
        Effect(f"{name}: {_mean(gap).signed()} nats per row", _over_seeds(gap), _MORE)
        for name, gap in gaps.items()
    ]


def _control(numbers: Numbers) -> list[Effect]:
    controls = numbers["controls"]
    holds = {name: c["holds"]["mean"] for name, c in controls.items() if c["holds"]}
    kept = sum(share == 1 for share in holds.values())
    all_of_them = THRESHOLDS["hard constraints"]
    summary = f"{kept} of {len(holds)} kinds of constraints hold in every piece"
    effects = [Effect(summary, threshold=all_of_them)]
    for name, share in holds.items():
        text = "" if share == 1 else f"{name}: {100 * share:.0f} %"
        effects.append(Effect(text, exactly(100 * share), all_of_them))
    for name, what in _HEARD.items():
        if name in controls:
            heard = _mean(controls[name]["heard"][what]["with request"])
            effects.append(Effect(f"{what}: {heard.percent()} %"))
    return effects


def _words(numbers: Numbers) -> list[Effect]:
    ways = {
        "with the prompt's values as constraints": "constraints on",
        "by the model alone": "constraints off",
    }
    effects = []
    for text, way in ways.items():
        effects.append(Effect(f"{text}:"))
        for name in _TEXT_METRICS:
            share = _mean(numbers["alignment"][way][name])
            percent = Mean(100 * share.mean, 100 * share.low, 100 * share.high)
            effects.append(Effect(f"{name} {share.percent()} %", percent, THRESHOLDS[name]))
    chance = numbers["alignment"]["constraints off, shuffled"]
    shares = ", ".join(f"{name} {_mean(chance[name]).percent()} %" for name in _TEXT_METRICS)
    return [*effects, Effect(f"by the model alone, against the labels of other prompts: {shares}")]


def _scaling(numbers: Numbers) -> list[Effect]:
    law, noise = numbers["law"], numbers["seed noise"]
    size, data = (_mean(law[f"{name}_exponent"]) for name in ("parameters", "data"))
    ratio = exactly(numbers["misfit"] / noise) if noise else None
    deviations = f", {ratio.mean:.1f} standard deviations between seeds" if ratio else ""
    return [
        Effect(f"exponents {size} for parameters and {data} for rows"),
        Effect(f"residuals of {numbers['misfit']:.2f} nats{deviations}", ratio,
               THRESHOLDS["misfit"]),
    ]  # fmt: skip


def _genre(numbers: Numbers) -> list[Effect]:
    corpora = {name: c for name, c in numbers["corpora"].items() if c["left"]["mean"] is not None}
    seen = [c["left"]["mean"] for c in corpora.values() if not c["outside of training"]]
    effects = []
    for name, corpus in corpora.items():
        if seen and corpus["outside of training"]:
            left, known = _mean(corpus["left"]), float(np.mean(seen))
            points = Mean(*(100 * (end - known) for end in (left.mean, left.low, left.high)))
            value = over_seeds(points, ()) if corpus["pieces"] < 2 else points
            text = f"{name} {points.signed(0)}"
            effects.append(Effect(text, value, THRESHOLDS["unseen corpus"]))
    if effects:
        title = "percentage points of the bigram nats left, compared with corpora in training:"
        effects.insert(0, Effect(title))
    nats = (numbers.get("left out") or {}).get("nats", {})
    if _MAKAM in nats:
        everything = np.array(nats["nothing left out"][_MAKAM])
        cost = Mean.of(100 * (nats[_MAKAM][_MAKAM] - everything) / everything.mean())
        text = f"nano models trained without {_MAKAM} need {cost.signed(0)} % nats for it"
        effects.append(Effect(text, cost, THRESHOLDS["left-out corpus"]))
    return effects


def _infill(numbers: Numbers) -> list[Effect]:
    nats = numbers["nats"]
    gaps = {
        "one candidate": Mean.of(np.subtract(nats["blind"], nats["seeing"])),
        "best candidate": Mean.of(np.subtract(nats["blind, best"], nats["seeing, best"])),
    }
    return [
        Effect(
            f"without look-ahead, {name}: {gap.signed(2)} nats per row of what follows", gap, _MORE
        )
        for name, gap in gaps.items()
    ]


CLAIMS = (
    Claim("At least 4 times as fast as the baselines", "speed", _speed,
          "medians and ranges of rounds; flat tokens are a PyTorch Transformer of the same size"),
    Claim("T = 1 is fastest and worst", "steps", _one_step),
    Claim("T = 4 can beat T = 8", "steps", _four_steps,
          "distances are in standard deviations of real music"),
    Claim("The order of unmasking does not matter", "steps", _order),
    Claim("Open question: does it help to unmask informative attributes first?", "dependency",
          _telling_first),
    Claim("CIEM helps", "ciem", _ablation),
    Claim("MLSDES helps", "mlsdes", _ablation),
    Claim("MLSDES works for weights of 0.01 to 1, temperatures of 0.01 to 0.5", "sensitivity",
          _sensitivity, f"by more than {SEED_DEVIATIONS} standard deviations between seeds"),
    Claim("Diffusion beats decoding attributes in turn", "decoders", _decoders,
          "at equal training compute; the likelihood of masked diffusion is a bound, the others "
          "are exact"),
    Claim("Every attribute can be controlled without training", "control", _control,
          "hard constraints mask the sampler; what is heard is measured by analysing the notes"),
    Claim("Control by text: TBT 74 %, CK 39 %, CTS 97 %", "prompts", _words,
          "our own prompts instead of MidiCaps; a parser reads the values, and the sampler "
          "enforces them"),
    Claim("Open question: does one power law describe how it scales?", "scaling", _scaling),
    Claim("Open question: does it carry over to music it was not trained on?", "genre", _genre,
          "bigram tables saw all corpora; intervals smaller than a semitone are not in the tokens"),
    Claim("Open question: do rewritten bars lead better into what follows if they see it?",
          "infill", _infill),
)  # fmt: skip


def verdict_table(report: str, numbers: Numbers) -> Table:
    """The claims that a report tests: a row for each effect, the verdict in the first."""
    claims = [claim for claim in CLAIMS if claim.report == report]
    rows = []
    for claim in claims:
        first = [claim.text, claim.judge(numbers).agrees]
        for effect in claim.effects(numbers):
            if effect.text:
                rows.append([*first, effect.text, str(effect.threshold or "")])
                first = ["", ""]
    note = " ".join(f"{c.note[0].upper()}{c.note[1:]}." for c in claims if c.note)
    return Table("Verdicts", ("claim", "verdict", "measured", 'criterion for "yes"'), rows, note)


def _mean(values: Mapping[str, Any]) -> Mean:
    return Mean.from_dict(values)


def _over_seeds(gap: Mapping[str, Any]) -> Mean:
    return over_seeds(_mean(gap), gap["by seed"])
