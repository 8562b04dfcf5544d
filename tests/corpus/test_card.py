import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest
import yaml

from amadeus.corpus.build import build_corpus
from amadeus.corpus.card import write_card
from amadeus.corpus.card_schema import COLUMNS, markdown_table
from amadeus.corpus.filters import Filters
from amadeus.corpus.plots import PLOTS, draw_plots
from amadeus.corpus.schema import SCHEMA
from amadeus.corpus.statistics import measure_corpus


@pytest.fixture(scope="module")
def shards(fixtures, tmp_path_factory):
    """Shards of the fixtures with their card; the quartet's licence is open."""
    folder = tmp_path_factory.mktemp("card")
    manifest = folder / "manifest.csv"
    manifest.write_text(
        "file,split,licence,licence_class,labels\n"
        "string_quartet.mid,validation,CC0 1.0,open,classical\n"
        "funk_drums.mid,train,,,funk\n"
    )
    filters = Filters(min_seconds=0, keep_performed=True)
    out = folder / "shards"
    build_corpus([fixtures], out, manifest=manifest, filters=filters, describe=write_card)
    return out


def card(folder):
    return (folder / "README.md").read_text(encoding="utf-8")


def test_the_card_comes_with_numbers_and_pictures(shards):
    assert json.loads((shards / "statistics.json").read_text("utf-8"))["pieces"] == 5
    for name in re.findall(r"\]\((\S+)\)", card(shards)):
        assert (shards / name).stat().st_size > 0
    assert {path.stem for path in (shards / "plots").iterdir()} == set(PLOTS)


def test_equal_shards_have_equal_cards(shards, tmp_path):
    for out in (tmp_path / "1", tmp_path / "2"):
        write_card(shards, out)
    for path in (tmp_path / "1").rglob("*.*"):
        twin = tmp_path / "2" / path.relative_to(tmp_path / "1")
        assert path.read_bytes() == twin.read_bytes()
    for path in (shards / "plots").iterdir():
        assert path.read_bytes() == (tmp_path / "1" / "plots" / path.name).read_bytes()


def test_the_front_matter_names_every_shard_once(shards):
    front = yaml.safe_load(card(shards).split("---\n")[1])
    (config,) = front["configs"]
    patterns = {entry["split"]: entry["path"] for entry in config["data_files"]}
    assert set(patterns) == {"train", "validation"}
    named = [path.name for pattern in patterns.values() for path in shards.glob(pattern)]
    assert sorted(named) == sorted(path.name for path in shards.glob("*.arrow"))
    assert front["license"] == "other"
    assert front["size_categories"] == ["n<1K"]


def test_a_page_elsewhere_is_the_card_without_front_matter(shards, tmp_path):
    write_card(shards, tmp_path)
    assert card(tmp_path) == card(shards).split("---\n\n", 1)[1]


def test_every_column_is_explained():
    names = [field.name for field in SCHEMA]
    names += [f"facts.{field.name}" for field in SCHEMA.field("facts").type]
    assert sorted(COLUMNS) == sorted(names)


def test_no_value_breaks_a_table():
    table = markdown_table(("a", "b"), ("x|y", "two\nlines"), right=(1,))
    assert table == "| a | b |\n| --- | ---: |\n| x\\|y | two lines |"


def test_pieces_without_a_clear_licence_are_warned_of(shards):
    assert "Warning: 4 of 5 pieces (80%) have no clear licence" in card(shards)
    assert '`licence_class == "open"`: 1 pieces' in card(shards)


@pytest.mark.parametrize(("licence", "word"), [("nc", "not be used commercially"), ("open", "All")])
def test_the_warning_says_what_the_licences_say(fixtures, tmp_path, licence, word):
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(f"file,licence_class\ngame_band.mid,{licence}\n")
    out, filters = tmp_path / "shards", Filters(licences=(licence,))
    build_corpus([fixtures], out, manifest=manifest, filters=filters, describe=write_card)
    (warning,) = (line for line in card(out).splitlines() if line.startswith("> "))
    assert word in warning


def test_what_is_not_known_is_not_drawn(shards, tmp_path):
    statistics = measure_corpus(shards)
    words = statistics.words | {"key": {}, "genres": {}}
    draw_plots(replace(statistics, words=words), tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == set(PLOTS) - {"keys", "genres"}


def test_any_name_can_be_drawn(shards, tmp_path):
    statistics = measure_corpus(shards)
    parts = tuple(replace(part, corpus="音楽 $x$ " * 30) for part in statistics.parts)
    assert draw_plots(replace(statistics, parts=parts), tmp_path)


@pytest.mark.slow
def test_the_card_can_be_done_as_it_says(shards, tmp_path):
    for library in ("pandas", "polars", "datasets"):
        pytest.importorskip(library)
    script = "\n".join(re.findall(r"```python\n(.*?)```", card(shards), flags=re.DOTALL))
    script += "\nprint(len(pieces), len(keys), len(corpus['train']), len(corpus['validation']))\n"
    (tmp_path / "shards").symlink_to(shards)
    # Whatever is kept between calls is kept here, and nobody is asked over the network.
    environment = os.environ | {"HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert result.stdout.split() == ["4", "1", "4", "1"]
    assert (tmp_path / "piece.mid").stat().st_size > 0
