"""environment.yml and requirements/tested.txt hold what pyproject.toml asks pip for."""
import re
import runpy
import tomllib
from datetime import date
from importlib import metadata

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gan_course.paths import ROOT

RESOLVED = ROOT / "requirements" / "tested.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
CALLED_DIFFERENTLY = {"pytorch": "torch"}


def split(requirement):
    """"numpy>=1.26" as ("numpy", ">=1.26")."""
    name, versions = re.fullmatch(r"([\w-]+)(.*)", requirement).groups()
    return CALLED_DIFFERENTLY.get(name, name), versions


def test_conda_gets_what_pip_gets():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *packages, from_pip = environment["dependencies"]
    wanted = dict(map(split, PROJECT["dependencies"]))
    wanted |= {"python": PROJECT["requires-python"], "pip": ""}
    assert dict(map(split, packages)) == wanted
    assert from_pip == {"pip": ["--editable ."]}
    assert environment["channels"] == ["conda-forge"]


def resolved():
    """tested.txt as {name: version}, by the script that writes it."""
    script = runpy.run_path(str(RESOLVED.with_suffix(".py")))
    return script["versions"](RESOLVED.read_text(encoding="utf-8")), script["closure"]


def test_tested_versions_are_dated_and_the_same_for_every_machine():
    first, *lines = RESOLVED.read_text(encoding="utf-8").splitlines()
    assert date.fromisoformat(re.search(r"Resolved on (\S+);", first)[1]) >= date(2026, 11, 28)
    lines = [line for line in lines if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line)] == []
    names = [line.partition("==")[0] for line in lines]
    assert names == sorted(set(names))
    assert [name for name in names if re.match("nvidia|cuda|triton", name)] == []


@pytest.mark.parametrize("text", [
    *PROJECT["dependencies"], *EXTRAS["batch"],
    *(text for text in EXTRAS["test"] if not text.startswith("gan-course"))])
def test_what_the_project_asks_for_stands_in_tested_and_is_new_enough(text):
    requirement, (versions, _) = Requirement(text), resolved()
    assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)])


def test_what_the_tested_packages_need_stands_in_tested_too():
    """Of packages that are here in another version than the tested one, nothing is known."""
    versions, closure = resolved()
    wrong = []
    for package, requirement in closure():
        name = canonicalize_name(requirement.name)
        if metadata.version(package).partition("+")[0] == versions.get(package):
            if name not in versions or not requirement.specifier.contains(versions[name], True):
                wrong.append(f"{package} needs {requirement}; tested: {versions.get(name)}")
    assert wrong == [], "Run requirements/tested.py in an environment with these packages."
