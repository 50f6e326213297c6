"""What the page for instructors tells them to write is understood."""
import json
import re

import pytest

from gan_course.lessons import catalogue
from gan_course.paths import ROOT
from gan_course.teaching import parameter_cell, syllabus
from gan_course.teaching.batch import manifest
from gan_course.teaching.classroom import variants

PAGE = (ROOT / "docs" / "instructors.md").read_text(encoding="utf-8")
TABLES = PAGE.partition(syllabus.BEGIN)[2].partition(syllabus.END)[0]
ANEW = "python -m gan_course.teaching.syllabus writes the tables anew"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_file_on_the_page_can_be_read(block, tmp_path):
    file = tmp_path / "file.yaml"
    file.write_text(block, encoding="utf-8")
    if block.startswith("notebooks"):
        assert manifest.read(file)
    else:
        assert variants.read_ranges(file, parameter_cell.parameters(catalogue.find("deeper/03_settings").path))


# the syllabus

MAIN = [entry for entry in catalogue.notebooks() if not entry.deeper]


def test_the_tables_are_those_of_the_notebooks_and_have_every_main_one():
    assert TABLES == syllabus.markdown(catalogue.notebooks()), ANEW
    assert all(f"\n| [{entry.number}](../notebooks/{entry.name}.ipynb) {entry.title} |" in TABLES for entry in MAIN)


def test_the_semester_has_every_main_notebook_once_and_in_order():
    numbers = [number for part in syllabus.PLANS["A semester"].values() for number in part]
    assert numbers == sorted(set(numbers)) and {entry.number for entry in MAIN} <= set(numbers)


def test_every_plan_is_of_notebooks_of_the_course():
    known = {f"{number:02}" for number in range(20)}
    for plan in syllabus.PLANS.values():
        numbers = [number for part in plan.values() for number in part]
        assert set(numbers) <= known and len(numbers) == len(set(numbers)) and numbers == sorted(numbers)


@pytest.mark.parametrize("entry", [entry for entry in catalogue.notebooks() if entry.number != "00"], ids=lambda entry: entry.name)
def test_every_notebook_after_the_first_says_what_learners_can_do_afterwards(entry):
    assert 2 <= len(syllabus.goals(entry)) <= 5, "its first cell needs a list below: After this notebook you can"


def test_whoever_loads_stored_weights_says_which_claims_are_about_them():
    loads = {entry.name for entry in catalogue.notebooks() if re.search(r"\b(milestones|long_diffusion)\.\w+\(", entry.path.read_text(encoding="utf-8"))}
    assert loads <= syllabus.ON_STORED_WEIGHTS.keys()
    assert all(catalogue.find(name) for name in syllabus.ON_STORED_WEIGHTS)


def test_a_claim_about_a_stored_generator_is_found_by_its_beginning(tmp_path, monkeypatch):
    (tmp_path / "03_a.ipynb").write_text(json.dumps({
        "cells": [{"cell_type": "code", "source": "claim('Sharp it is', True)\nclaim('Sharp too', True)\nclaim(f'{n} more', True)"}],
        "metadata": {"gan_course": {"title": "A", "question": "B?", "minutes": 1, "hours": 2}}}))
    [entry] = catalogue.notebooks(tmp_path)
    monkeypatch.setitem(syllabus.ON_STORED_WEIGHTS, "03_a", ("Sharp it",))
    assert syllabus.markdown([entry]).endswith("| [03](../notebooks/03_a.ipynb) | Sharp it is |\n")
    monkeypatch.setitem(syllabus.ON_STORED_WEIGHTS, "03_a", ("Sharp",))
    with pytest.raises(ValueError, match="2 claims begin with 'Sharp'"):
        syllabus.markdown([entry])


def test_precomputed_claims_are_found_with_their_seeds(tmp_path):
    (tmp_path / "03_a.ipynb").write_text(json.dumps({
        "cells": [{"cell_type": "code", "source": ["claim('Stored', x > 1,\n", "      precomputed=range(5), x=x)\n", "claim('Live', True)"]}],
        "metadata": {"gan_course": {"title": "A", "question": "B?", "minutes": 1, "hours": 2}}}))
    [entry] = catalogue.notebooks(tmp_path)
    assert syllabus.precomputed(entry) == [("Stored", "range(5)")]
    assert "| [03](../notebooks/03_a.ipynb) | Stored | `range(5)` |" in syllabus.markdown([entry])
