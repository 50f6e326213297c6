"""The report on a batch and the pages of its notebooks, in a real browser with the network off."""
import os
import runpy

import pytest

from gan_course.paths import ROOT
from gan_course.teaching.batch import record, report
from gan_course.teaching.classroom import report as class_report
from gan_course.teaching.classroom.collect import Learner
from gan_course.teaching.classroom.marking import Result

pytestmark = pytest.mark.browser
MADE = runpy.run_path(str(ROOT / "tests" / "test_report.py"))


@pytest.fixture
def opened(chromium):
    """A function that opens a file in light or dark, offline; `strangers` and `complaints` are what it asked for and complained of."""
    contexts = []

    def opened(file, scheme="light"):
        context = chromium.new_context(color_scheme=scheme, offline=True, viewport={"width": 1100, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.strangers, page.complaints = [], []
        page.on("request", lambda request: page.strangers.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(file.as_uri())
        if folder := os.environ.get("GAN_COURSE_SCREENSHOTS"):
            page.screenshot(path=os.path.join(folder, f"{file.stem}-{scheme}.png"), full_page=True)
        return page
    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    out = tmp_path_factory.mktemp("batch")
    for latent in (2, 16):
        for rate in (1e-4, 1e-3):
            one = MADE["run"](latent, rate)
            MADE["notebook"](out / "runs" / one.name, "Samples of digits.", markdown="It is $-\\log 4$, says $$D^* = \\frac{p}{p+q}$$")
            record.write(out / "runs" / one.name, one)
    report.write(out, html=True)
    return out


def test_the_report_is_whole_without_a_network_in_light_and_dark(opened, batch):
    backgrounds = set()
    for scheme in ("light", "dark"):
        page = opened(batch / "report.html", scheme)
        backgrounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), "the page is wider than the window"
        assert page.strangers == [] and page.complaints == []
    assert len(backgrounds) == 2


def test_another_map_can_be_chosen_and_paper_has_no_controls(opened, batch):
    page = opened(batch / "report.html")
    shown = page.locator(".map:visible caption")
    assert shown.count() == 1 and "coverage over latent_dim" in shown.inner_text()
    page.get_by_label("Show").select_option(label="seconds over latent_dim and lr_D · 03_first_gan")
    assert shown.count() == 1 and "seconds over latent_dim" in shown.inner_text()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 990})
    assert page.locator("select:visible, nav:visible").count() == 0 and shown.count() == 1
    assert page.evaluate("[...document.querySelectorAll('.wide')].every(it => it.scrollWidth <= it.clientWidth + 1)"), "cut off on paper"


def test_a_notebook_s_formulas_are_drawn(opened, batch):
    page = opened(next(batch.glob("runs/*/notebook.html")), "dark")
    fraction, = page.locator("mfrac").all()
    assert fraction.bounding_box()["height"] > page.locator("math mi").first.bounding_box()["height"]
    assert "$" not in page.inner_text("body") and page.strangers == [] and page.complaints == []


def test_a_learner_s_name_runs_nothing(opened, tmp_path):
    evil = "<img src=x onerror=alert(1)>"
    page = opened(class_report.write(tmp_path, [Learner(evil, results={"00.between": Result("00.between", "wrong", evil, evil)},
                                                        problems=[evil])]))
    assert page.locator("tbody th", has_text=evil).count() == 3 and page.locator("img").count() == 0
    assert page.strangers == [] and page.complaints == []
