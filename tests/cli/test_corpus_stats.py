import json


def test_a_corpus_is_measured(amadeus, shards):
    result = json.loads(amadeus("corpus", "stats", shards, "--json").out)
    assert result["pieces"] == sum(size["pieces"] for size in result["by_corpus"].values())
    text = amadeus("corpus", "stats", shards).out
    assert f"{result['notes']:,}" in text
    assert all(name in text for name in result["by_corpus"])


def test_the_card_is_written_to_the_given_folder(amadeus, shards, tmp_path):
    before = sorted(shards.rglob("*"))
    assert amadeus("corpus", "stats", shards, "--out", "docs").code == 0
    assert (tmp_path / "docs" / "README.md").read_text("utf-8").startswith("# ")
    assert list((tmp_path / "docs" / "plots").glob("*.png"))
    assert sorted(shards.rglob("*")) == before


def test_a_folder_without_shards_is_refused(amadeus, tmp_path):
    result = amadeus("corpus", "stats", tmp_path, "--out", "docs")
    assert result.code == 1
    assert "holds no token shards" in result.err
    assert not list(tmp_path.iterdir())
