"""environment.yml asks conda for what pyproject.toml asks pip for."""
import re
import tomllib

import yaml

from gan_course.paths import ROOT

CALLED_DIFFERENTLY = {"pytorch": "torch"}


def split(requirement):
    """"numpy>=1.26" as ("numpy", ">=1.26")."""
    name, versions = re.fullmatch(r"([\w-]+)(.*)", requirement).groups()
    return CALLED_DIFFERENTLY.get(name, name), versions


def test_conda_gets_what_pip_gets():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *packages, from_pip = environment["dependencies"]
    wanted = dict(map(split, project["dependencies"])) | {"python": project["requires-python"], "pip": ""}
    assert dict(map(split, packages)) == wanted
    assert from_pip == {"pip": ["--editable ."]}
    assert environment["channels"] == ["conda-forge"]
