"""Claims: judged where it counts, shown with their numbers, collected for batches, safe to show."""
import numpy as np
import pytest
import torch

from gan_course.lessons import claims


@pytest.fixture(autouse=True)
def page(monkeypatch):
    """A fresh list of claims, the laptop profile, nobody watching, and the page's outputs in a list."""
    shown = []
    monkeypatch.setattr(claims, "_claims", {})
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    monkeypatch.setenv("GAN_COURSE_PROFILE", "laptop")
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    return shown


@pytest.mark.parametrize("yes", [True, np.True_, torch.tensor(True)])
def test_a_claim_that_holds_is_shown_with_its_numbers(yes, page):
    claims.claim("Water is wet", yes, wetness=0.91234, ceiling=1)
    assert "✓ held: Water is wet (wetness 0.9123, ceiling 1)" in page[0]["text/plain"]
    claims.report()


def test_a_broken_claim_stops_a_run_that_nobody_watches(page):
    claims.claim("Pigs fly", False, height=0.0)
    with pytest.raises(claims.ClaimBroken, match="Pigs fly"):
        claims.report()
    assert page[-1][claims.MIME]["claims"] == [{"text": "Pigs fly", "held": False, "judged": True, "numbers": {"height": 0.0}}]


def test_a_learner_sees_a_broken_claim_without_a_traceback(page, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    claims.claim("Pigs fly", False)
    claims.report()
    assert "BROKEN" in page[-1]["text/html"]


def test_the_smoke_profile_does_not_judge(page, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_PROFILE", "smoke")
    claims.claim("Pigs fly", False)
    claims.report()
    assert "not judged" in page[-1]["text/plain"]


def test_running_a_cell_again_replaces_its_claim():
    claims.claim("Same", False)
    claims.claim("Same", True)
    assert [claim.held for claim in claims.claims()] == [True]
    claims.report()


def test_numbers_that_are_not_finite_travel_as_null(page):
    claims.claim("Odd", True, number=float("nan"), other=float("inf"))
    claims.report()
    assert page[-1][claims.MIME]["claims"][0]["numbers"] == {"number": None, "other": None}


def test_text_is_escaped(page):
    claims.claim("<script>alert(1)</script>", True)
    assert "<script>" not in page[0]["text/html"]
