"""Claims: judged where it counts, shown with their numbers, collected for batches, safe to show.
Beside each stands how often it held in the calibration runs; a miss stops nothing.
"""

import html
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gan_course.lessons import calibration, claims
from gan_course.lessons.calibration import Calibration, CalibrationRun, HoldRate

RATE = HoldRate(11, 12, (103,), {"height": (0.1, 0.2, 0.3, 0.4, 0.5)})
WELL = Calibration(
    "05_pigs",
    False,
    "2026-03-02",
    "laptop",
    {"penalty": 1.0, "data": "pigs"},
    "0",
    {},
    tuple(CalibrationRun(seed, False, ()) for seed in range(100, 112)),
    {"Pigs fly": RATE, "Pigs <b>": RATE},
)


@pytest.fixture(autouse=True)
def page(monkeypatch, tmp_path):
    """A fresh list of claims, the laptop profile, a folder without records, and the page's outputs
    in a list.
    """
    shown = []
    monkeypatch.setattr(claims, "_claims", {})
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    monkeypatch.setenv("GAN_COURSE_PROFILE", "laptop")
    monkeypatch.setattr(calibration, "FOLDER", tmp_path)
    monkeypatch.setattr(calibration, "is_stale", lambda record: False)
    return shown


@pytest.fixture
def recorded(tmp_path):
    """A function that keeps a record for the claims to find."""
    return lambda record=WELL: calibration.write(record, tmp_path)


@pytest.fixture
def settings(monkeypatch):
    """A function that gives the running notebook these values."""
    return lambda **values: monkeypatch.setattr(
        "IPython.get_ipython", lambda: SimpleNamespace(user_ns=values)
    )


def words(bundle):
    """What a reader of the page sees, without the tags."""
    return html.unescape(re.sub(r"<[^>]*>", " ", bundle["text/html"]))


@pytest.mark.parametrize("yes", [True, np.True_, torch.tensor(True)])
def test_a_claim_that_holds_is_shown_with_its_numbers(yes, page):
    claims.claim("Water is wet", yes, wetness=0.91234, ceiling=1)
    assert "✓ held: Water is wet (wetness 0.9123, ceiling 1)" in page[0]["text/plain"]


def test_a_miss_stops_no_run_and_reaches_the_batch_from_its_cell_and_from_the_report(
    page, monkeypatch
):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    claims.claim("Pigs fly", False, height=0.0)
    claims.report()
    for bundle in page:
        assert bundle[claims.MIME]["claims"] == [
            {
                "text": "Pigs fly",
                "held": False,
                "judged": True,
                "numbers": {"height": 0.0},
                "precomputed": (),
            }
        ]
    assert "0 of 1 claims held in this run." in words(page[-1])


def test_the_smoke_profile_does_not_judge(page, monkeypatch, recorded):
    recorded()
    monkeypatch.setenv("GAN_COURSE_PROFILE", "smoke")
    claims.claim("Pigs fly", False)
    claims.report()
    assert "not judged" in page[-1]["text/plain"] and "calibration" not in words(page[-1])


def test_running_a_cell_again_replaces_its_claim():
    claims.claim("Same", False)
    claims.claim("Same", True)
    assert [claim.held for claim in claims.claims()] == [True]


def test_numbers_that_are_not_finite_travel_as_null(page):
    claims.claim("Odd", True, number=float("nan"), other=float("inf"))
    assert page[-1][claims.MIME]["claims"][0]["numbers"] == {"number": None, "other": None}


# how often it holds


def test_the_rate_of_a_claim_that_held_is_folded_away(page, recorded, settings):
    recorded()
    settings(penalty=1.0, data="pigs", seed=7)
    claims.claim("Pigs fly", True, height=0.3)
    shown, folded, _ = re.split("<details>|</details>", page[0]["text/html"])
    assert "11 of 12" not in shown and "It held in 11 of 12 calibration runs." in folded
    assert "0.1 to 0.5, half of them 0.2 to 0.4" in folded


def test_a_miss_with_the_own_settings_is_one_of_the_rare_ones(page, recorded, settings):
    recorded()
    settings(penalty=1.0, data="pigs", seed=7)
    claims.claim("Pigs fly", False, height=0.05)
    assert "✗ did not hold" in words(page[0]) and "details" not in page[0]["text/html"]
    for said in (words(page[0]), page[0]["text/plain"]):
        assert "This run is one of the rare ones: it held in 11 of 12 calibration runs." in said
        assert "0.1 to 0.5" in said and "stops being true" not in said


def test_a_claim_that_often_misses_is_not_called_rare(page, recorded):
    recorded(replace(WELL, claims={"Pigs fly": replace(RATE, held=8)}))
    claims.claim("Pigs fly", False, height=0.05)
    assert "It held in 8 of 12 calibration runs" in words(page[0]) and "rare" not in words(page[0])


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"penalty": 10.0}, "penalty 10.0 instead of 1.0"),
        ({"data": "cows"}, "data cows instead of pigs"),
        ({"penalty": None}, "penalty None instead of 1.0"),
        ({"penalty": np.ones(2)}, "penalty [1. 1.] instead of 1.0"),
    ],
)
def test_with_other_settings_the_sentence_stops_being_true(page, recorded, settings, changed, said):
    recorded()
    settings(**{"penalty": 1.0, "data": "pigs", "seed": 0} | changed)
    claims.claim("Pigs fly", False, height=0.0)
    told = words(page[0])
    assert (
        f"With your settings ({said}) this sentence stops being true." in told
        and "rare" not in told
    )
    assert "With the notebook's own settings it held in 11 of 12 calibration runs." in told
    claims.claim("Pigs fly", True, height=0.3)
    assert f"Your settings are not the notebook's own ({said})." in words(page[1])


def test_another_profile_is_another_setting(page, recorded, monkeypatch):
    recorded()
    monkeypatch.setenv("GAN_COURSE_PROFILE", "gpu")
    claims.claim("Pigs fly", False)
    assert (
        "With your settings (profile gpu instead of laptop) this sentence stops being true."
        in words(page[0])
    )


def test_a_stale_and_a_provisional_record_say_so(page, recorded, monkeypatch):
    recorded(replace(WELL, provisional=True, runs=WELL.runs[:4]))
    claims.claim("Pigs fly", False, height=0.05)
    told = words(page[0])
    assert "(These are 4 runs for a start; 12 are planned.)" in told and "has changed" not in told
    assert "rare" not in told                           # four runs cannot say that
    monkeypatch.setattr(calibration, "is_stale", lambda record: True)
    claims.claim("Pigs fly", True)
    assert "The code has changed since those runs" in words(page[1])


def test_a_claim_without_a_record_says_so(page, recorded):
    recorded()
    for held in (True, False):
        claims.claim("Cows fly", held)
        assert "How often it holds has not been measured yet." in words(page[-1])
    assert "you may have found where the sentence stops being true" in words(page[-1])


# stored results


def test_a_claim_about_stored_results_says_so_and_counts_no_runs(page, recorded):
    recorded()
    claims.claim("Pigs fly", True, precomputed=range(5))
    assert "rests on 5 trainings, with the seeds 0, 1, 2, 3, 4" in words(page[0])
    assert "Running the notebook again does not test it" in words(
        page[0]
    ) and "calibration runs" not in words(page[0])
    assert page[0][claims.MIME]["claims"][0]["precomputed"] == (0, 1, 2, 3, 4)
    claims.claim("Pigs fly", False, precomputed=range(5))
    assert "the stored results are not those of the course" in words(page[1])


@pytest.mark.parametrize("seeds", [[], [0], [0, 1, 2, 3], [0, 0, 1, 2, 3]])
def test_a_claim_about_stored_results_needs_five_trainings(seeds):
    with pytest.raises(
        ValueError,
        match=f"at least 5 trainings with seeds of their own, and this one has {len(set(seeds))}",
    ):
        claims.claim("Pigs fly", True, precomputed=seeds)


# the page


def test_text_is_escaped(page, recorded, settings):
    recorded(replace(WELL, settings={"data": "a"}))
    settings(data="<script>alert(1)</script>")
    for held in (True, False):
        claims.claim("Pigs <b>", held, **{"height": 1, "<i>": 2})
        assert not re.search("<script|<b>(?!✓|✗)|<i>", page[-1]["text/html"])
        assert "data <script>alert(1)</script> instead of a" in words(page[-1])


def test_colour_is_not_the_only_sign(page):
    signs = set()
    for held in (True, False):
        claims.claim("Pigs fly", held)
        signs.add(re.search("<b>(.)", page[-1]["text/html"])[1])
    assert signs == {"✓", "✗"}
