"""The paper's claims and open questions, and how each is judged by the numbers of a report.

A difference counts where its interval excludes zero; where a report has several seeds, all of them
have to agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amadeus.experiments.results import Claim, Numbers, Verdict

_TO_BEAT = 4.0
_PUBLISHED = {"TBT": 73.93, "CK": 39.31, "CTS": 96.98}
"""Percent, for Amadeus on MidiCaps."""
_ORDERS = ("least entropy first", "random", "type to velocity", "velocity to type")
_HARDLY = 0.01
"""Share of the nats that is hardly anything."""


def _speed(numbers: Numbers) -> Verdict:
    systems = {one["system"]: one for one in numbers["tables"]["systems"]}
    ours = next(iter(systems.values()))
    flat = systems["flat tokens"]["ratio"]["median"]
    turns = systems["attributes in turn"]["ratio"]["median"]
    torch = systems["torch"]["notes_per_second"]["median"]
    theirs = systems["flat tokens"]["notes_per_second"]["median"]
    return Verdict(
        f"{ours['notes_per_second']['median']:.0f} notes a second on {numbers['computer']['cores']}"
        f" CPU cores: {flat:.0f} times a Transformer of its size on flat tokens, {turns:.0f} times "
        "attributes written in turn",
        "yes" if flat >= _TO_BEAT else "no",
        f"the design alone, in the same eager torch as the others, is {torch / theirs:.1f} times "
        "flat tokens; the rest is a compiled core",
    )


def _four_steps(numbers: Numbers) -> Verdict:
    four = numbers["policies"]["T = 4"]
    nats, far = four["nats beyond the first"], four["distance beyond the first"]
    better = nats["high"] < 0 or far["high"] < 0
    return Verdict(
        f"T = 4 costs {_signed(nats)} nats a row beyond T = 8; its pieces are {_signed(far, 2)} "
        "further from real music",
        "yes" if better else "no" if nats["low"] > 0 else "not to be told",
        "statistics of composed pieces cannot tell the two apart, likelihood can: what is revealed "
        "in one step is drawn blindly",
    )


def _one_step(numbers: Numbers) -> Verdict:
    one = numbers["policies"]["T = 1"]
    nats = one["nats beyond the first"]
    return Verdict(
        f"T = 1 costs {_signed(nats)} nats a row beyond T = 8",
        "yes" if nats["low"] > 0 else "no",
        "attributes do depend on each other",
    )


def _order(numbers: Numbers) -> Verdict:
    policies = numbers["policies"]
    base = sum(policies["T = 8"]["nats"]) / len(policies["T = 8"]["nats"])
    costs = [policies[name]["nats beyond the first"]["mean"] for name in _ORDERS]
    return Verdict(
        f"other orders cost {min(costs):+.3f} to {max(costs):+.3f} of {base:.2f} nats a row",
        "yes" if max(map(abs, costs)) < _HARDLY * base else "no",
        "one model has learned all orders about equally well",
    )


def _telling_first(numbers: Numbers) -> Verdict:
    first = numbers["orders"]["telling first"]["beyond random"]
    last = numbers["orders"]["telling last"]["beyond random"]
    return Verdict(
        f"what tells most about the others first: {_signed(first)} nats a row against random "
        f"orders; last: {_signed(last)}",
        "no" if first["low"] > -_HARDLY else "yes",
        "dependencies are there and directed (the page has the matrices), but the decoder loses "
        "nothing by ignoring it: any order is as good",
    )


def _part(numbers: Numbers, why: str) -> Verdict:
    """Whether leaving a part out costs anything."""
    said, signs = [], []
    for arm, gap in numbers["gaps"].items():
        said.append(f"{arm}: {_signed(gap)} nats a row")
        signs.append(_sign(gap))
    agrees = {1: "yes", -1: "no", 0: "not to be told"}[signs[0]]
    return Verdict("; ".join(said), agrees, why)


def _ciem(numbers: Numbers) -> Verdict:
    return _part(
        numbers,
        "after minutes of training there is little to gain; what it is for is words, and what "
        "captions save with it and without it is on the page",
    )  # fmt: skip


def _mlsdes(numbers: Numbers) -> Verdict:
    return _part(
        numbers,
        "it does keep pieces apart; with batches of this size and so little training, prediction "
        "gains nothing that seeds do not",
    )  # fmt: skip


def _sensitivity(numbers: Numbers) -> Verdict:
    gaps = numbers["gaps"]
    best, worst = (choose(gaps, key=lambda gap: gap["mean"]) for choose in (min, max))
    worse = sum(gap["low"] > 0 for gap in gaps)
    return Verdict(
        f"of {len(gaps)} settings {worse} are worse than none; from {_signed(best)} (weight "
        f"{best['weight']:g}, temperature {best['temperature']:g}) to {_signed(worst)} (weight "
        f"{worst['weight']:g}, temperature {worst['temperature']:g})",
        "in part" if worse else "yes",
        "large weights at low temperatures drown the rest of the loss; the others do no harm",
    )


def _decoders(numbers: Numbers) -> Verdict:
    others = {
        name: one["beyond masked diffusion"]
        for name, one in numbers["decoders"].items()
        if name != "masked diffusion"
    }
    said = "; ".join(f"{name}: {_signed(gap)}" for name, gap in others.items())
    signs = {_sign(gap) for gap in others.values()}
    return Verdict(
        f"nats a row more than masked diffusion: {said}",
        "yes" if signs == {1} else "no" if signs == {-1} else "in part",
        "diffusion's figure is a bound, and it learns all orders at once, which takes longer: with "
        "four times the training half of the gap is left (docs/log.md)",
    )


def _control(numbers: Numbers) -> Verdict:
    holds = {
        name: one["holds"]["mean"] for name, one in numbers["controls"].items() if one["holds"]
    }
    kept = sum(value == 1 for value in holds.values())
    return Verdict(
        f"{kept} of {len(holds)} kinds of requests hold in every piece",
        "yes" if kept == len(holds) else "in part",
        "what holds is a mask on the sampler; density is a lean and overshoots",
    )


def _words(numbers: Numbers) -> Verdict:
    found = {
        way: {name: 100 * numbers["alignment"][way][name]["mean"] for name in _PUBLISHED}
        for way in ("constraints on", "constraints off")
    }
    held, heard = (
        ", ".join(f"{name} {value:.0f} %" for name, value in found[way].items()) for way in found
    )
    better = all(found["constraints on"][name] > one for name, one in _PUBLISHED.items())
    return Verdict(
        f"with what the prompt states as constraints {held}; by the model alone {heard}",
        "yes" if better else "no",
        "our own prompts, not MidiCaps; the words are read by a parser and enforced, the model by "
        "itself has hardly learned numbers and keys",
    )


def _scaling(numbers: Numbers) -> Verdict:
    law = numbers["law"]
    exponents = law["parameters_exponent"], law["data_exponent"]
    return Verdict(
        "exponents of {} for parameters and {} for rows seen".format(
            *(f"{e['mean']:.2f} ({e['low']:.2f} to {e['high']:.2f})" for e in exponents)
        ),
        "not to be told",
        f"the law misses its runs by {numbers['misfit']:.2f} nats where seeds differ by "
        f"{numbers['seed noise']:.2f}: a summary of small models, not a forecast",
    )


def _genre(numbers: Numbers) -> Verdict:
    corpora = numbers["corpora"]
    left = {name: one["left"]["mean"] for name, one in corpora.items() if one.get("left")}
    outside = [left[name] for name in left if corpora[name]["outside of training"]]
    inside = [left[name] for name in left if not corpora[name]["outside of training"]]
    if not outside or not inside:
        return Verdict("no corpus outside of training was measured", "not to be told", "")
    return Verdict(
        f"of what tables of counts leave open, {100 * _mean(outside):.0f} % are open to the model "
        f"in corpora it never saw, {100 * _mean(inside):.0f} % in the others (means of corpora)",
        "in part",
        "but for drum performances it carries over; no corpus from outside of the Western "
        "tradition was left out, and finer intervals than semitones are not in the tokens",
    )


CLAIMS = (
    Claim("At least 4 times as fast as the baselines", "speed", _speed),
    Claim("T = 1 is fastest and worst", "steps", _one_step),
    Claim("T = 4 can beat T = 8", "steps", _four_steps),
    Claim("Attributes have no order: the order of revealing does not matter", "steps", _order),
    Claim("Open question: should telling attributes come first?", "dependency", _telling_first),
    Claim("CIEM helps", "ciem", _ciem),
    Claim("MLSDES helps", "mlsdes", _mlsdes),
    Claim("MLSDES works for weights of 0.01 to 1, temperatures of 0.01 to 0.5", "sensitivity",
          _sensitivity),
    Claim("Diffusion beats writing attributes in turn", "decoders", _decoders),
    Claim("Every attribute can be controlled without training", "control", _control),
    Claim("Control by text: TBT 74 %, CK 39 %, CTS 97 %", "prompts", _words),
    Claim("Open question: how does it scale?", "scaling", _scaling),
    Claim("Open question: does it carry over to other music?", "genre", _genre),
)  # fmt: skip


def _signed(gap: Mapping[str, Any], digits: int = 3) -> str:
    """ "+0.161 (+0.139 to +0.183)"."""
    mean, low, high = (format(gap[name], f"+.{digits}f") for name in ("mean", "low", "high"))
    return f"{mean} ({low} to {high})"


def _sign(gap: Mapping[str, Any]) -> int:
    """1 for more, -1 for less, 0 where interval or seeds do not agree on it."""
    for sign in (1, -1):
        seeds = all(sign * one > 0 for one in gap.get("by seed", ()))
        if seeds and sign * gap["low"] > 0 and sign * gap["high"] > 0:
            return sign
    return 0


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
