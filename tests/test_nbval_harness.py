"""What conftest.py adds to nbval: a dead kernel fails at once, and one broken cell does not fail all that follow."""
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from gan_course.paths import ROOT

TIMEOUT = 90


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Two broken notebooks run as `start.py test` runs them: {notebook: {cell: its junit element}}."""
    folder = tmp_path_factory.mktemp("notebooks")
    for name, broken in {"dead": "import os\nos._exit(1)", "wrong": "1 / 0"}.items():
        cells = ["from gan_course.profile import headless, profile\nassert profile() == 'smoke' and headless()", broken, "2"]
        (folder / f"{name}.ipynb").write_text(writes(new_notebook(cells=list(map(new_code_cell, cells)))), encoding="utf-8")
    result = folder / "result.xml"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GAN_COURSE_")}
    subprocess.run([sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-c", ROOT / "pyproject.toml",
                    f"--rootdir={folder}", "--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={TIMEOUT}",
                    f"--junitxml={result}", folder], cwd=ROOT, env=environment, capture_output=True, timeout=TIMEOUT)
    found = {"dead": {}, "wrong": {}}
    for case in ElementTree.parse(result).iter("testcase"):
        found["dead" if "dead" in case.get("classname") else "wrong"][case.get("name")] = case
    return found


def test_a_dead_kernel_fails_at_once(outcomes):
    assert "The kernel died in this cell" in outcomes["dead"]["Cell 1"].find("failure").get("message")
    assert float(outcomes["dead"]["Cell 1"].get("time")) < TIMEOUT / 4


def test_the_rest_of_a_broken_notebook_is_skipped_with_the_reason(outcomes):
    for cells in outcomes.values():
        assert len(cells["Cell 0"]) == 0
        assert cells["Cell 1"].find("failure") is not None
        assert cells["Cell 2"].find("skipped").get("message") == "Cell 1 of this notebook failed"
