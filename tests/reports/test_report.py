import json
import re
from base64 import b64encode
from hashlib import sha256

import numpy as np
import pytest
from matplotlib.figure import Figure

from amadeus.model import PRESETS, Amadeus
from amadeus.model.checkpoint import save_checkpoint
from amadeus.reports.means import Mean
from amadeus.reports.provenance import hash_of_list, hash_of_weights, provenance_of
from amadeus.reports.report import Report, Table, in_code


def test_the_interval_of_a_mean_is_that_of_its_standard_error():
    values = np.random.default_rng(1).normal(5, 2, size=400)
    found = Mean.of(values)
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * values.std() / 20, abs=0.02)
    assert found.high == pytest.approx(values.mean() + 1.96 * values.std() / 20, abs=0.02)
    assert found == Mean.of(values)


def test_what_is_undefined_is_left_out():
    assert Mean.of([1.0, np.nan, 1.0]) == Mean(1.0, 1.0, 1.0)
    nothing = Mean.of([np.nan])
    assert np.isnan(nothing.mean)
    assert nothing.percent() == str(nothing) == "–"  # noqa: RUF001
    assert nothing.to_dict() == {"mean": None, "low": None, "high": None}


@pytest.mark.parametrize("groups", [None, ["prompt"] * 3])
def test_of_a_single_piece_or_prompt_nothing_says_how_sure_it_is(groups):
    found = Mean.of([1.0, 0.0, 0.5] if groups else [0.5, np.nan, np.nan], groups)
    assert found.to_dict() == {"mean": 0.5, "low": None, "high": None}
    assert (str(found), found.percent(), found.signed()) == ("0.50", "50", "+0.500")


def test_a_difference_has_its_sign_and_nought_has_none_below_it():
    assert Mean(0.1234, -0.0004, 0.25).signed() == "+0.123 (+0.000 to +0.250)"
    assert Mean(-0.1, -0.2, -0.05).signed(1) == "-0.1 (-0.2 to -0.1)"


def test_a_mean_is_read_as_it_was_written():
    for mean in (Mean(0.5, 0.25, 0.75), Mean.of([3.0]), Mean.of([])):
        assert str(Mean.from_dict(mean.to_dict())) == str(mean)


def test_a_mean_as_text():
    assert Mean(0.5, 0.25, 0.75).percent() == "50 (25 to 75)"
    assert Mean(1.0, 1.0, 1.0).percent() == "100"
    assert str(Mean(2.444, 2.4, 2.5)) == "2.44 (2.40 to 2.50)"


def test_a_report_is_a_page_its_numbers_and_its_pictures(tmp_path):
    report = Report(
        title="Triads",
        summary="Thirds or not?",
        tables=[Table("Counts", ("chord", "thirds"), [("C", "2"), ("C5", "0")], "By ear.")],
        values={"thirds": [2, 0]},
        provenance={"model": "none"},
        pictures={"thirds": Figure()},
    )
    report.write(tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["README.md", "numbers.json", "report.html", "thirds.png"]
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert page.startswith("# Triads\n\nThirds or not?\n\n![thirds](thirds.png)\n\n## Counts\n")
    assert "By ear.\n\n| chord | thirds |\n| --- | ---: |\n| C | 2 |\n| C5 | 0 |\n" in page
    numbers = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    assert numbers == {"title": "Triads", "provenance": {"model": "none"}, "thirds": [2, 0]}


def test_words_stand_to_the_left_and_numbers_to_the_right():
    rows = [("a.mid", "is damaged", "soft", "1.5 (1 to 2)"), ("b.mid", "is empty", "100", "–"),  # noqa: RUF001
            ("c.mid", "", "97", "-0.1")]  # fmt: skip
    page = Table("Files", ("file", "why", "holds", "mean"), rows).to_markdown()
    assert "\n| --- | --- | ---: | ---: |\n" in page
    assert "\n| --- | ---: |\n" in Table("None", ("file", "notes"), []).to_markdown()


def test_provenance_tells_weights_apart(tmp_path):
    save_checkpoint(Amadeus(PRESETS["nano"]), tmp_path)
    first = hash_of_weights(tmp_path)
    found = provenance_of("amadeus experiment", str(tmp_path), bars=4)
    assert (found["weights"], found["bars"]) == (f"SHA-256 {first}", 4)
    assert found["engine"] in ("compiled core, weights of a byte", "torch")
    assert "torch " in found["versions"]
    (tmp_path / "model-00002-of-00002.safetensors").write_bytes(b"two")
    assert hash_of_weights(tmp_path) != first


def test_the_html_page_holds_all_and_fetches_nothing(tmp_path):
    tables = [
        Table("Counts <b>", ("chord", "thirds"), [("C", "2"), (in_code("![](a|b.mid`"), "0")])
    ]
    report = Report(
        title="Triads & <i>",
        summary="Thirds *or* not? <script>alert(1)</script>",
        tables=tables,
        values={},
        provenance={"command": "`amadeus`"},
        pictures={"thirds": Figure()},
    )
    report.write(tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    png = b64encode((tmp_path / "thirds.png").read_bytes()).decode()
    assert f'src="data:image/png;base64,{png}"' in page
    assert "<em>or</em>" in page
    assert "<title>Triads &amp; &lt;i&gt;</title>" in page
    assert "<code>![](a|b.mid'</code>" in page
    assert "<script" not in page
    assert not re.search(r"https?://|src=\"(?!data:)|url\(", page)
    assert "default-src 'none'" in page
    assert page.count("<tr>") == 3


def test_a_hash_of_a_list_tells_its_order():
    assert hash_of_list(["a", "b"]) != hash_of_list(["b", "a"])
    assert hash_of_list([]) == sha256(b"").hexdigest()
    assert hash_of_list(["ab"]) == sha256(b"ab\n").hexdigest()
