"""The results page contains verdicts computed from the reports' numbers."""

import json
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from amadeus.errors import ConfigError
from amadeus.experiments.claims import CLAIMS, verdict_table
from amadeus.experiments.options import EXPERIMENTS
from amadeus.experiments.policies import ORDERS
from amadeus.experiments.results import collect, titles, to_markdown
from amadeus.reports.means import Mean

DOCS = Path(__file__).parents[2] / "docs"


def gap(mean, low, high, *seeds):
    return {"mean": mean, "low": low, "high": high, "by seed": list(seeds)}


def write(folder, name, **numbers):
    path = folder / name / "numbers.json"
    path.parent.mkdir(exist_ok=True)
    given = {"title": name.upper(), "provenance": {"command": f"`amadeus {name}`"}, **numbers}
    path.write_text(json.dumps(given), encoding="utf-8")


def agrees(folder, report):
    return [r.verdict.agrees for r in collect(folder, CLAIMS) if r.claim.report == report]


@pytest.mark.parametrize(
    ("without", "agreed"),
    [
        (gap(0.2, 0.1, 0.3, 0.1, 0.3), "yes"),
        (gap(0.2, 0.1, 0.3, 0.2), "inconclusive"),
        (gap(-0.2, -0.3, -0.1, -0.1, -0.3), "no"),
        (gap(0.1, -0.1, 0.3, 0.1, 0.1), "inconclusive"),
        (gap(0.2, 0.1, 0.3, -0.1, 0.5), "inconclusive"),
    ],
)
def test_a_part_helps_if_leaving_it_out_costs(tmp_path, without, agreed):
    """The interval and every seed have to agree, and one seed is not enough."""
    write(tmp_path, "ciem", gaps={"without CIEM, equal updates": without})
    assert agrees(tmp_path, "ciem") == [agreed]


def test_a_part_that_helps_at_equal_updates_but_not_at_equal_computing_helps_in_part(tmp_path):
    more, less = gap(0.2, 0.1, 0.3, 0.1, 0.3), gap(-0.2, -0.3, -0.1, -0.1, -0.3)
    write(tmp_path, "ciem", gaps={"equal updates": more, "equal computing": less})
    assert agrees(tmp_path, "ciem") == ["partly"]


def ratios(*rounds):
    return {"median": median(rounds), "low": min(rounds), "high": max(rounds), "rounds": rounds}


@pytest.mark.parametrize(
    ("torch", "flat", "agreed"), [(4, 40, "yes"), (12, 40, "partly"), (1, 3, "no")]
)
def test_the_design_alone_has_to_be_four_times_as_fast(tmp_path, torch, flat, agreed):
    """The compiled core does not count, because the baselines have none."""
    names = {"compiled core": 1, "torch": torch, "attributes in turn": 9, "flat tokens": flat}
    systems = [
        {"system": name, "ratio": ratios(by), "notes_per_second": {"median": 400 / by}}
        for name, by in names.items()
    ]
    write(tmp_path, "speed", tables={"systems": systems}, computer={"cores": 2})
    assert agrees(tmp_path, "speed") == [agreed]


def policy(nats, far, speed):
    """far: distance beyond the first."""
    beyond = Mean.of(np.array(nats) - NATS).to_dict()
    return {
        "nats": nats, "nats beyond the first": beyond, "distance beyond the first": far,
        "notes per second": [speed],
    }  # fmt: skip


NATS = [4.0, 4.1, 4.2, 4.3]


@pytest.mark.parametrize(
    ("four", "agreed"),
    [
        (gap(0.05, -0.15, 0.22), "inconclusive"),
        (gap(-0.3, -0.5, -0.1), "yes"),
        (gap(0.3, 0.1, 0.5), "no"),
    ],
)
def test_four_steps_are_judged_by_the_distance_from_real_music(tmp_path, four, agreed):
    """The likelihood of rows is another question."""
    dearer = [nats + 0.2 + nats / 100 for nats in NATS]
    policies = {
        "T = 8": policy(NATS, gap(0, 0, 0), 280.0),
        "T = 4": policy(dearer, four, 340.0),
        "T = 2": policy([nats + 0.1 for nats in dearer], gap(0.3, 0.1, 0.5), 345.0),
        "T = 1": policy([1.1 * nats for nats in dearer], gap(0.5, 0.2, 0.8), 350.0),
        **{name: policy(NATS, gap(0, 0, 0), 280.0) for name in ORDERS},
    }
    write(tmp_path, "steps", policies=policies)
    assert agrees(tmp_path, "steps") == ["yes", agreed, "yes"]


def test_a_small_but_clear_cost_of_an_order_counts_as_partly(tmp_path):
    zero = gap(0, 0, 0)
    policies = {name: policy(NATS, zero, 280.0) for name in ("T = 8", "T = 4", "T = 2", "T = 1")}
    policies |= {name: policy(NATS, zero, 280.0) for name in ORDERS}
    for cost, agreed in ((0.03, "partly"), (0.5, "no")):
        dearer = [nats * (1 + cost / 4) for nats in NATS]
        write(tmp_path, "steps", policies=policies | {"random": policy(dearer, zero, 280.0)})
        assert agrees(tmp_path, "steps")[-1] == agreed


def test_control_by_text_needs_the_model_to_follow_prompts_without_constraints(tmp_path):
    def found(share):
        names = ("TBT", "CK", "CTS")
        return {name: gap(share, share - 0.01, share) | {"pieces": 40} for name in names}

    for alone, agreed in ((0.99, "yes"), (0.2, "partly")):
        ways = {"constraints on": found(1.0), "constraints off": found(alone)}
        write(tmp_path, "prompts", alignment=ways | {"constraints off, shuffled": found(0.25)})
        assert agrees(tmp_path, "prompts") == [agreed]


def test_settings_count_if_they_differ_by_more_than_seeds_do(tmp_path):
    def settings(*means):
        return [gap(m, m - 0.01, m + 0.01, m) | {"weight": 1, "temperature": 1} for m in means]

    for means, agreed in (((0.1, -0.1), "inconclusive"), ((0.1, 2), "no"), ((-2, 2), "partly")):
        write(tmp_path, "sensitivity", gaps=settings(*means), noise=0.08)
        assert agrees(tmp_path, "sensitivity") == [agreed]


def test_diffusion_wins_only_if_it_beats_all(tmp_path):
    for others, agreed in (((1, 1), "yes"), ((1, -1), "partly"), ((-1, -1), "no")):
        decoders = {
            name: {"beyond masked diffusion": gap(sign, sign - 0.1, sign + 0.1, sign, sign)}
            for name, sign in zip(("in turn", "independent"), others, strict=True)
        }
        decoders["masked diffusion"] = {"beyond masked diffusion": gap(0, 0, 0, 0)}
        write(tmp_path, "decoders", decoders=decoders)
        assert agrees(tmp_path, "decoders") == [agreed]


def test_claims_without_a_report_are_not_measured(tmp_path):
    write(tmp_path, "mlsdes", gaps={"without": gap(0, -1, 1, 0)})
    page = to_markdown(collect(tmp_path, CLAIMS), titles(tmp_path), "reports", "amadeus")
    assert page.count("not measured") == len(CLAIMS) - 1
    assert "- [mlsdes](reports/mlsdes/README.md): MLSDES" in page


def test_unreadable_reports_are_named(tmp_path):
    with pytest.raises(ConfigError, match="contains no report"):
        collect(tmp_path, CLAIMS)
    write(tmp_path, "ciem")
    with pytest.raises(ConfigError, match=r"lacks 'gaps'.*run the experiment again"):
        collect(tmp_path, CLAIMS)
    (tmp_path / "ciem" / "numbers.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read"):
        collect(tmp_path, CLAIMS)


def test_the_results_page_matches_the_reports():
    reports = DOCS / "experiments"
    command = "amadeus experiment results docs/experiments --output docs/results.md"
    page = to_markdown(collect(reports, CLAIMS), titles(reports), "experiments", command)
    assert (DOCS / "results.md").read_text(encoding="utf-8") == page


@pytest.mark.parametrize(
    "name", sorted({c.report for c in CLAIMS} & {e.name() for e in EXPERIMENTS})
)
def test_the_page_of_an_experiment_has_the_verdicts_of_its_numbers(name):
    folder = DOCS / "experiments" / name
    numbers = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert verdict_table(name, numbers).to_markdown() in page
