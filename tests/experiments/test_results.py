"""The page of claims is made of the reports, and of nothing else."""

import json
from pathlib import Path

import pytest

from amadeus.errors import ConfigError
from amadeus.experiments.claims import CLAIMS
from amadeus.experiments.results import collect, titles, to_markdown

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
        (gap(-0.2, -0.3, -0.1, -0.1, -0.3), "no"),
        (gap(0.1, -0.1, 0.3, 0.1, 0.1), "not to be told"),
        (gap(0.2, 0.1, 0.3, -0.1, 0.5), "not to be told"),
    ],
)
def test_a_part_helps_where_leaving_it_out_costs(tmp_path, without, agreed):
    """In the interval, and with every seed."""
    write(tmp_path, "ciem", gaps={"without CIEM, equal updates": without})
    assert agrees(tmp_path, "ciem") == [agreed]


def test_diffusion_wins_only_where_it_beats_all(tmp_path):
    for others, agreed in (((1, 1), "yes"), ((1, -1), "in part"), ((-1, -1), "no")):
        decoders = {
            name: {"beyond masked diffusion": gap(sign, sign - 0.1, sign + 0.1, sign)}
            for name, sign in zip(("in turn", "independent"), others, strict=True)
        }
        decoders["masked diffusion"] = {"beyond masked diffusion": gap(0, 0, 0, 0)}
        write(tmp_path, "decoders", decoders=decoders)
        assert agrees(tmp_path, "decoders") == [agreed]


def test_what_was_not_measured_is_said_to_be_missing(tmp_path):
    write(tmp_path, "mlsdes", gaps={"without": gap(0, -1, 1, 0)})
    page = to_markdown(collect(tmp_path, CLAIMS), titles(tmp_path), "reports", "amadeus")
    assert page.count("not measured") == len(CLAIMS) - 1
    assert "- [mlsdes](reports/mlsdes/README.md): MLSDES" in page


def test_what_is_no_report_is_named(tmp_path):
    with pytest.raises(ConfigError, match="holds no report"):
        collect(tmp_path, CLAIMS)
    write(tmp_path, "ciem")
    with pytest.raises(ConfigError, match=r"lacks 'gaps'.*make the report again"):
        collect(tmp_path, CLAIMS)
    (tmp_path / "ciem" / "numbers.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read"):
        collect(tmp_path, CLAIMS)


def test_the_page_in_the_docs_is_that_of_the_reports_in_the_docs():
    reports = DOCS / "experiments"
    command = "amadeus experiment results docs/experiments --output docs/results.md"
    page = to_markdown(collect(reports, CLAIMS), titles(reports), "experiments", command)
    assert (DOCS / "results.md").read_text(encoding="utf-8") == page
