"""A real JupyterLab on this machine alone, and a real Chromium to look at it with."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from gan_course.paths import NOTEBOOKS, ROOT

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
SETTINGS = {  # no pop-up about news, and every cell on the page at once, not only those in view
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}
READY = """path => { const it = window.jupyterapp?.shell.currentWidget;
    return it?.context?.path === path && it.context.isReady && it.sessionContext.isReady && it.sessionContext.session?.kernel }"""
RUN = """() => { window.ranAll = undefined;
    window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => { window.ranAll = true }) }"""
ERRORS = """() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells
    .flatMap(cell => cell.outputs ?? []).filter(output => output.output_type === 'error')
    .map(output => `${output.ename}: ${output.evalue}`)"""
RERUN = """text => { const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.model.sharedModel.source.includes(text));
    return window.jupyterapp.commands.execute('notebook:run-cell') }"""
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
PATIENCE = 120  # seconds that a wait may take: the machine may be busy with other tests
SELDOM = 100  # milliseconds between two looks; the default, each frame, makes a page draw them all
ROUND = r"""box => Number(box.querySelector('[role=status]').innerText.match(/Round ([0-9]+)/)[1])"""


class Server(NamedTuple):
    """A JupyterLab: where it answers, and the folder whose notebooks it shows."""

    address: str
    folder: Path

    def write(self, name, cells):
        """Put a notebook of these code cells into the folder."""
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel})
        nbformat.write(notebook, self.folder / name)


@pytest.fixture(scope="session")
def chromium():
    """A headless browser; without one the tests are skipped."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        pytest.skip(f"no Chromium found (looked for {', '.join(CHROMIUMS)})")
    with sync_playwright() as playwright:
        args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=path, args=args)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(chromium, tmp_path_factory):
    """A JupyterLab that shows a copy of the notebooks and of their pictures, as a learner's does: small (smoke profile) and with
    widgets (not headless).
    """
    home = tmp_path_factory.mktemp("jupyter")
    for folder in (NOTEBOOKS, ROOT / "docs"):
        shutil.copytree(folder, home / folder.name)
    for name, content in SETTINGS.items():
        file = home / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    own = {variable: str(home / variable) for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR",
                                                           "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")}
    environment = os.environ | own | {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
                                      "GAN_COURSE_PROFILE": "smoke", "GAN_COURSE_HEADLESS": "0",
                                      "GAN_COURSE_PROGRESS": str(home / "progress.json")}
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
               "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--expose-app-in-browser"]
    with open(home / "log", "w") as log, subprocess.Popen(command, cwd=home, env=environment, stdout=log,
                                                          stderr=subprocess.STDOUT) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{address}/api/status", process, home / "log")
            yield Server(address, home / "notebooks")
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:                       # seen: a server that never came to the end of stopping
                process.kill()


def wait_for(address, process, log, seconds=PATIENCE):
    """Return when the server answers; fail with its own words when it does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            return urlopen(address, timeout=5).close()
        except URLError:
            time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


class Notebook:
    """One notebook, open in the browser."""

    def __init__(self, page, server, name):
        self.page, self.name, self.strangers, self.page_errors = page, name, [], []
        page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        page.on("request", lambda request: self.note(request.url, server.address))
        path = f"{server.folder.name}/{name}"
        page.goto(f"{server.address}/lab/workspaces/{Path(name).stem}/tree/{path}")
        page.wait_for_function(READY, arg=path, polling=SELDOM)

    def note(self, url, address):
        if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != urlsplit(address).netloc:
            self.strangers.append(url)

    def run_all(self, timeout=600):
        """Run every cell, and wait for the end."""
        self.page.evaluate(RUN)
        self.page.wait_for_function("() => window.ranAll", timeout=1000 * timeout, polling=SELDOM)

    def run_again(self, text):
        """Run the first cell with this text in it again."""
        self.page.evaluate(RERUN, text)

    def restart(self):
        """Restart the kernel. A message that the old one had half sent when it ended (seen once, while it was drawing) is no fault
        of the page.
        """
        self.page.evaluate(RESTART)
        self.page_errors[:] = [error for error in self.page_errors if "Kernel message validation error" not in error]

    def labs(self):
        """The labs on the page, from top to bottom."""
        boxes = self.page.locator(".gan-course-lab")
        return [Lab(self.page, boxes.nth(i)) for i in range(boxes.count())]

    def errors(self):
        """What went wrong until now: in cells, inside Output widgets, beside sliders, and in the page itself."""
        in_output = self.page.locator('.widget-output [data-mime-type$="stderr"]', has_text="Traceback").all_inner_texts()
        beside_sliders = self.page.locator(".gan-course-error").all_inner_texts()
        return self.page.evaluate(ERRORS) + in_output + beside_sliders + self.page_errors

    def photograph(self, folder):
        """Pictures of the notebook from top to bottom, a page each, as NAME-light-01.png and so on, in both themes."""
        os.makedirs(folder, exist_ok=True)
        for theme, light in {"light": "true", "dark": "false"}.items():
            self.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
                               f"JupyterLab {theme.title()}")
            self.page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=light)
            view = self.page.locator(".jp-WindowedPanel-outer").first
            height, seen = view.evaluate("view => [view.scrollHeight, view.clientHeight]")
            for number, top in enumerate(range(0, height, seen), start=1):
                view.evaluate("(view, top) => { view.scrollTop = top; return new Promise(requestAnimationFrame) }", top)
                self.page.screenshot(path=os.path.join(folder, f"{Path(self.name).stem}-{theme}-{number:02}.png"))


class Lab:
    """A lab on the page, under a learner's fingers: keyboard only."""

    def __init__(self, page, box):
        self.page, self.box, self.status = page, box, box.locator("[role=status]")

    def press(self, name):
        button = self.box.get_by_role("button", name=re.compile(name)).first
        button.focus()
        button.press("Enter")

    def move(self, slider, key):
        """Move a slider; returns the value that now stands beside it."""
        row = self.box.locator(".widget-hslider", has_text=slider)
        before = row.locator(".widget-readout").inner_text()
        row.locator(".noUi-handle").focus()
        self.page.keyboard.press(key)
        row.locator(".widget-readout").filter(has_not_text=re.compile(f"^{re.escape(before)}$")).wait_for()
        return row.locator(".widget-readout").inner_text()

    def says(self, text):
        self.box.locator("[role=status]", has_text=text).wait_for()

    def round(self):
        return self.box.evaluate(ROUND)

    def plays_on(self):
        self.page.wait_for_function(f"([box, before]) => ({ROUND})(box) > before", arg=[self.box.element_handle(), self.round()])

    def stands_still(self):
        self.page.wait_for_timeout(300)                             # the last picture may be on its way
        before = self.status.inner_text()
        self.page.wait_for_timeout(1200)
        assert self.status.inner_text() == before


@pytest.fixture
def open_notebook(chromium, server):
    """A function that opens a notebook by its name in the folder of notebooks; kernel and page are closed after the test."""
    context = chromium.new_context(viewport={"width": int(os.environ.get("GAN_COURSE_WIDTH", 1280)), "height": 900})
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    yield lambda name: Notebook(page, server, name)
    page.evaluate("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()")
    context.close()
