"""The report on a batch: every run is in it once, numbers are where they belong, and nothing in it comes from elsewhere or runs."""
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from gan_course import cli, plots
from gan_course.teaching import mathml, pages
from gan_course.teaching.batch import figures, record, report, tables

LATENT, RATES, SEEDS = (2, 16), (1e-4, 1e-3, 1e-2), (0, 1)
WHITE_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsZhHqQAAAABJRU5ErkJggg=="
EVIL = "<script>alert(1)</script>"


def run(latent=2, rate=1e-3, seed=0, **other):
    """A record; the metric tells where it belongs."""
    given = {"latent_dim": latent, "lr_D": rate, "seed": seed}
    given |= {"repeat": other.pop("repeat")} if "repeat" in other else {}
    made = {"name": f"03-latent_dim={latent}-lr_D={rate}-seed={seed}", "notebook": "03_first_gan", "parameters": given, "axes": given,
            "profile": "laptop", "device": "cpu", "limits": record.Limits(), "status": "ok", "started": datetime(2026, 3, 2, tzinfo=UTC),
            "seconds": 60.0, "overhead_seconds": 5.0, "peak_memory_mb": 700.0, "metrics": {"coverage": latent + 1000 * rate + seed},
            "curves": {"loss of D": record.Curve(x=[1, 2, 3], y=[1.4 + seed, 1.3, None])}, "versions": {"python": "3.11"}, "hash": "0" * 64,
            "images": {"the same z": WHITE_PIXEL}, "cpu_seconds": 90.0,
            "claims": [record.ClaimRecord(text="It learns", held=rate < 1e-2, judged=True, numbers={"share": 0.5, "floor": None})],
            "worker": "here"}
    return record.RunRecord(**made | other)


def notebook(folder, *alts, markdown="$x < y$ and $$\\\\sum_i p_i \\\\log p_i$$"):
    """An executed notebook with a figure for each description."""
    fig, ax = plots.canvas(width=3, height=2)
    ax.plot([0, 1])
    shown = [new_code_cell("plots.show(fig)", execution_count=1, outputs=[new_output("display_data", {
        "text/html": plots.img(fig, alt), "text/plain": alt})]) for alt in alts]
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[new_markdown_cell(markdown.replace("\\\\", "\\")), *shown]), folder / record.NOTEBOOK)


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """A batch's folder with a sweep of 3 x 2 settings and two seeds: one setting failed, one did not run, one record is damaged."""
    out = tmp_path_factory.mktemp("batches") / "sweep"
    for latent in LATENT:
        for rate in RATES:
            for seed in SEEDS:
                one = run(latent, rate, seed)
                if (latent, rate) == (2, 1e-2):
                    one = run(latent, rate, seed, status="cell error", message=f"ValueError: {EVIL}", metrics={}, curves={}, images={},
                              claims=[], cell=record.LastCell(number=7, source=f"raise ValueError('{EVIL}')"))
                if (latent, rate) != (16, 1e-4):
                    notebook(out / "runs" / one.name, "Twenty samples of digits.", f"Losses. {EVIL}")
                    record.write(out / "runs" / one.name, one)
    (out / "runs" / "03-broken").mkdir()
    (out / "runs" / "03-broken" / "run.json").write_text("{")
    (out / "runs" / "03-not-ended").mkdir()
    assert cli.main(["report", str(out), "--html"]) == 0
    return out


class Page(HTMLParser):
    """What a page would fetch, the images without a description, and the text of each table cell."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.silent, self.images = [], 0, 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.fetched += [value for name, value in attributes if name in ("src", "href", "data", "action", "srcset")
                         and not value.startswith(("#", "data:", "runs/"))]
        self.images += tag == "img"
        self.silent += tag == "img" and not (given.get("alt") or "").strip()


# the numbers

def test_a_cell_of_the_map_has_mean_and_spread_over_seeds():
    runs = [run(latent, rate, seed) for latent in LATENT for rate in RATES for seed in SEEDS]
    shown = tables.heat_map(runs, "lr_D", "latent_dim", "coverage")
    assert (shown.columns, shown.rows) == ([1e-4, 1e-3, 1e-2], [2, 16]) and shown.others == []
    cell = shown.cells[1][2]
    assert cell.values == [26.0, 27.0] and cell.mean == 26.5 and cell.spread == pytest.approx(0.5 ** 0.5)
    assert shown.ends == pytest.approx((2.6, 26.5)) and shown.place(cell) == 1.0


def test_what_varies_with_an_axis_is_not_averaged_over():
    runs = [run(latent, rate, axes={"latent_dim": latent, "lr_D": rate, "lr_G": rate, "width": width})
            for latent in LATENT for rate in RATES for width in (8, 16)]
    assert tables.heat_map(runs, "lr_D", "latent_dim", "coverage").others == ["width"]


def test_failed_and_missing_runs_leave_their_mark_and_no_number():
    runs = [run(2, 1e-4), run(2, 1e-4, 1, status="kernel died"), run(16, 1e-3)]
    shown = tables.heat_map(runs, "lr_D", "latent_dim", "coverage")
    mixed, absent = shown.cells[0][0], shown.cells[0][1]
    assert (mixed.values, mixed.runs, mixed.failed, mixed.spread) == ([2.1], 2, 1, None)
    assert (absent.mean, absent.runs) == (None, 0)


def test_a_broken_claim_still_has_its_numbers():
    shown = tables.heat_map([run(2, 1e-4, status="claim failed"), run(16, 1e-3)], "lr_D", "latent_dim", "coverage")
    assert shown.cells[0][0].mean == pytest.approx(2.1) and shown.cells[0][0].failed == 1


def test_axes_are_what_varies_in_the_order_of_their_values():
    runs = [run(rate=rate, seed=seed, axes={"lr_D": rate, "seed": seed, "data": word}) for rate, seed, word in
            [(1e-2, 0, "b"), (1e-3, 1, "a"), (1e-3, 2, 3)]]
    assert tables.axes(runs) == {"lr_D": [1e-3, 1e-2], "data": [3, "a", "b"]}
    assert tables.names(runs) == ["coverage", "claims held", "seconds"]


def test_the_tables_have_a_row_a_run_and_keep_their_types(batch):
    import pandas

    frame = pandas.read_parquet(batch / "runs.parquet")
    assert len(frame) == 10 and frame["metric.coverage"].notna().sum() == 8 and frame["parameter.latent_dim"].dtype.kind == "i"
    assert frame.loc[frame["status"] == "cell error", "metric.coverage"].isna().all()
    assert list(pandas.read_csv(batch / "runs.csv")["name"]) == list(frame["name"])


def test_a_column_of_words_and_numbers_can_be_written(tmp_path):
    import pandas

    tables.save(tmp_path, [run(seed=0, parameters={"size": 3}), run(seed=1, parameters={"size": "large"}), run(seed=2, parameters={})])
    assert list(pandas.read_parquet(tmp_path / "runs.parquet")["parameter.size"])[:2] == ["3", "large"]


# the page

def test_the_page_is_whole_and_fetches_nothing(batch):
    text = (batch / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.fetched == [] and page.silent == 0 and page.images == 1 + 10 + 8                 # curves, figures, collected images
    assert "10 runs have ended: 8 ok, 2 cell error." in text and "6 of 8 judged claims held" in text
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text


def test_missing_and_failed_cells_say_so_in_words(batch):
    text = (batch / "report.html").read_text(encoding="utf-8")
    first = text[text.index('id="map-1"'):text.index('id="map-2"')]
    assert "coverage</b> over latent_dim (across) and lr_D (down)" in first
    assert "not run" in first and "2 of 2 failed" in first and "<b>2.6</b> ± 0.71" in first and "<b>26.5</b>" in first


def test_a_failure_shows_its_cell_and_message_and_runs_nothing(batch):
    text = (batch / "report.html").read_text(encoding="utf-8")
    assert "Cell [7]" in text and "raise ValueError(&#39;&lt;script&gt;" in text and EVIL not in text


def test_a_damaged_record_is_set_aside_and_named(batch):
    text = (batch / "report.html").read_text(encoding="utf-8")
    assert "03-broken" in text[text.index('id="damaged"'):text.index("<nav")] and "03-not-ended" not in text


def test_claims_say_how_often_they_held_and_which_seeds_missed(batch):
    text = (batch / "report.html").read_text(encoding="utf-8")
    claims = text[text.index('id="claims"'):text.index('id="curves"')]
    assert "6 of 8" in claims and "75 %" in claims and "floor –" in claims
    for seed in SEEDS:
        assert f"seed {seed}: 03-latent_dim=16-lr_D=0.01-seed={seed}" in claims
    assert claims.count("seed=") == len(SEEDS) and "Precomputed" not in claims


def test_the_claims_that_missed_most_often_come_first_and_precomputed_ones_say_so():
    def of(seed, **held):
        made = [record.ClaimRecord(text=text, held=yes, judged=True, numbers={}, precomputed=list(range(5)) if text == "stored" else [])
                for text, yes in held.items()]
        return run(seed=seed, claims=made)

    rows = report._claims([of(0, stored=True, often=True, rare=False), of(1, stored=True, often=False, rare=False)])
    assert [(row["text"], row["held"], row["judged"]) for row in rows] == [("rare", 0, 2), ("often", 1, 2), ("stored", 2, 2)]
    assert [missed.parameters["seed"] for missed, _ in rows[0]["missed"]] == [0, 1] and rows[2]["precomputed"] == [0, 1, 2, 3, 4]


def test_the_axes_and_the_figures_can_be_chosen(batch):
    report.write(batch, x="lr_D", y="latent_dim", value="seconds", figures="loss")
    text = (batch / "report.html").read_text(encoding="utf-8")
    first = text[text.index('id="map-1"'):text.index('id="map-2"')]
    assert "seconds</b> over lr_D (across) and latent_dim (down)" in first and 'alt="Losses. &lt;script' in text
    assert 'alt="Twenty samples' not in text


def test_a_wish_that_one_notebook_can_meet_is_met(tmp_path):
    runs = [run(latent, rate) for latent in LATENT for rate in RATES]
    others = [run(name=f"02-{n}", notebook="02_minimax", axes={"n": n, "lr": n}, metrics={"value": 1.0}) for n in (1, 2)]
    maps = report._maps({"02_minimax": others, "03_first_gan": runs}, "lr_D", None, None)
    assert [(notebook, shown.x, shown.y, shown.value) for notebook, shown in maps[:2]] == [
        ("03_first_gan", "lr_D", "latent_dim", "coverage"), ("03_first_gan", "lr_D", "latent_dim", "claims held")]
    assert len(maps) == 6


@pytest.mark.parametrize("words, said", [
    (["--figures", "("], "is not a pattern"), (["--x", "width"], "width does not vary in this batch. What varies: latent_dim, lr_D"),
    (["--value", "fid"], "No run has a number called 'fid'. There are: coverage, claims held, seconds"),
    (["--x", "lr_D", "--y", "lr_D"], "No notebook of this batch has that number over these two axes"),
])
def test_wrong_wishes_are_refused(batch, capsys, words, said):
    assert cli.main(["report", str(batch), *words]) == 2 and said in capsys.readouterr().err


def test_a_folder_without_runs_is_refused(tmp_path, capsys):
    assert cli.main(["report", str(tmp_path)]) == 2 and "holds no run that has ended" in capsys.readouterr().err


def test_one_run_without_axes_metrics_or_notebook_makes_a_page(tmp_path):
    one = run(axes={}, metrics={}, curves={}, claims=[], peak_memory_mb=None)
    (tmp_path / "runs" / one.name).mkdir(parents=True)
    record.write(tmp_path / "runs" / one.name, one)
    assert "1 runs have ended: 1 ok." in report.write(tmp_path).read_text(encoding="utf-8")
    record.write(tmp_path / "runs" / one.name, run(curves={"diverged": record.Curve(x=[1, 2], y=[None, None])}))
    assert "The curve diverged" not in report.write(tmp_path).read_text(encoding="utf-8")
    record.write(tmp_path / "runs" / one.name, one)
    with pytest.raises(ValueError, match="lr_D does not vary in this batch. What varies: nothing but seeds"):
        report.write(tmp_path, x="lr_D")


def test_a_record_in_another_run_s_folder_is_set_aside(tmp_path):
    for name in ("03-a", "03-b"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        record.write(tmp_path / "runs" / name, run(name="03-a"))
    found, damaged = report.read(tmp_path)
    assert [one.name for one in found] == ["03-a"] and "is of the run 03-a. Was the folder renamed" in damaged[0]


# pictures and notebooks

def test_a_panel_for_each_setting_and_its_numbers_in_words():
    image = figures.curves([run(latent, seed=seed) for latent in LATENT for seed in SEEDS], "loss of D")
    assert 'alt="The curve loss of D for 2 of 2 settings' in image and "latent_dim 2, lr_D 0.001: 1.9 to 1.3" in image


def test_curves_meet_at_common_points():
    x, middle, low, high, n = figures._mean([np.array([[0, 1, 2], [0, 1, 2]]), np.array([[1, 2, 3], [3, 4, 5]])])
    assert x.tolist() == [1, 2] and middle.tolist() == [2, 3] and (low[0], high[0], n) == (1, 3, 2)


def test_text_on_every_colour_of_the_map_is_legible():
    def light(code):
        parts = [int(code[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for place in np.linspace(0, 1, 101):
        dark, bright = sorted(map(light, figures.colour(place)))
        assert (bright + 0.05) / (dark + 0.05) > 4.5, place


def test_a_damaged_notebook_is_named(tmp_path):
    one = run()
    notebook(tmp_path / "runs" / one.name, "samples")
    record.write(tmp_path / "runs" / one.name, one)
    (tmp_path / "runs" / one.name / record.NOTEBOOK).write_text("{")
    text = report.write(tmp_path, html=True).read_text(encoding="utf-8")
    assert "cannot be read as a notebook" in text and "cannot be rendered" in text


def test_a_rendered_notebook_has_formulas_figures_and_fetches_nothing(batch):
    text = next(batch.glob("runs/*seed=0/notebook.html")).read_text(encoding="utf-8")
    page = Page(text)
    assert page.fetched == [] and page.images == 2 and text.count("<math") == 2 and "&lt;</mo>" in text.replace("&#x0003C;", "&lt;")
    assert EVIL not in text


def test_every_formula_of_the_course_can_be_drawn():
    for entry in cli.catalogue.notebooks():
        for cell in json.loads(entry.path.read_text(encoding="utf-8"))["cells"]:
            words = re.sub(r"`[^`]*`", "", "".join(cell["source"])) if cell["cell_type"] == "markdown" else ""
            for block, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$]+?)\$", words, re.DOTALL):
                drawn = mathml.formula(block or inline, bool(block))
                assert drawn.startswith("<math") and not re.search(r"\\[a-zA-Z]", drawn), f"{entry.path.name}: {block or inline}"


def test_a_formula_that_cannot_be_drawn_is_shown_as_written():
    assert mathml.formula(r"\left( < x") == r"<code>\left( &lt; x</code>"
    assert mathml.text("<b> costs $5") == "&lt;b&gt; costs $5"
    for evil in (r"\text{<script>alert(1)</script>}", r"\href{javascript:alert(1)}{x}", r"\text{<img src=x onerror=alert(1)>}"):
        assert mathml.formula(evil).startswith("<code>") and "<script" not in mathml.formula(evil) and "<img" not in mathml.formula(evil)
    mixed = mathml.text("$x$ <")
    assert mixed.startswith("<math") and mixed.endswith("</math> &lt;")


def test_numbers_are_said_as_people_do():
    given = [None, float("nan"), 0.00012346, 9999.4, 9999.6, 12345.6, 3, 12345, "a", True]
    assert [*map(pages.number, given)] == ["–", "–", "0.0001235", "9999", "10000", "12346", "3", "12345", "a", "True"]
