"""What lies in a learner's folder is read without trusting it, and a record says no more than is true."""
import json
import os
import random
import runpy
from pathlib import Path

import pytest

from gan_course.lessons.quizzes.kinds import Choice
from gan_course.teaching.classroom import records, submissions

THIRTY = runpy.run_path(str(Path(__file__).parent / "classroom_of_thirty.py"))
notebook, record = THIRTY["notebook"], THIRTY["record"]
KEY, QUESTION = next((key, question) for key, question in records.questions().items() if isinstance(question, Choice))
EXERCISE = "00.between"


def event(kind="answer", key=KEY, time="2026-03-02T09:00:00+00:00", **what):
    return {"time": time, "kind": kind, "key": key, **what}


@pytest.fixture
def folder(tmp_path):
    """A learner's folder with a notebook and a record."""
    own = tmp_path / "ada"
    own.mkdir()
    (own / "00_start_here.ipynb").write_text(notebook("a = 1", "b = 2"))
    (own / "progress.json").write_text(json.dumps({"version": 1, "events": [event(given=0, right=True, first=True)]}))
    return own


# folders

def test_a_sound_submission_has_code_a_record_and_no_problems(folder):
    found = submissions.read(folder)
    assert found.name == "ada" and found.notebooks == {"00_start_here.ipynb": ["a = 1", "b = 2"]}
    assert len(found.events) == 1 and found.problems == []


def test_it_may_lie_deeper(folder):
    (folder / "handed in").mkdir()
    for name in ("00_start_here.ipynb", "progress.json"):
        (folder / name).rename(folder / "handed in" / name)
    found = submissions.read(folder)
    assert [Path(name).as_posix() for name in found.notebooks] == ["handed in/00_start_here.ipynb"]
    assert found.events and not found.problems


@pytest.mark.parametrize("name, content, said", [
    ("00_start_here.ipynb", b"\x00\xff" * 50, "00_start_here.ipynb cannot be read: it is damaged"),
    ("00_start_here.ipynb", b"[" * 100_000, "00_start_here.ipynb cannot be read"),
    ("00_start_here.ipynb", b'{"cells": 3}', "it is not a notebook (version 4)"),
    ("00_start_here.ipynb", b'{"cells": [{"cell_type": "code", "source": 7}]}', "it is not a notebook (version 4)"),
    ("progress.json", b"{}", "progress.json cannot be read: is damaged"),
    ("progress.json", b'{"version": 99, "events": []}', "newer version"),
    ("notes.docx", b"PK", "notes.docx was left alone"),
])
def test_what_is_damaged_or_strange_is_named_and_the_rest_is_read(folder, name, content, said):
    (folder / name).write_bytes(content)
    found = submissions.read(folder)
    assert len(found.problems) == 1 and said in found.problems[0]
    assert bool(found.notebooks) + bool(found.events) >= 1


@pytest.mark.skipif(os.name == "nt", reason="links and pipes are those of POSIX")
def test_links_are_not_followed_and_a_pipe_keeps_nobody_waiting(folder, tmp_path):
    (tmp_path / "secret.ipynb").write_text(notebook("secret = 1"))
    (folder / "01_link.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (folder / "more").symlink_to(tmp_path)
    os.mkfifo(folder / "02_pipe.ipynb")
    found = submissions.read(folder)
    assert list(found.notebooks) == ["00_start_here.ipynb"]
    assert [problem.partition(" ")[0] for problem in found.problems] == ["01_link.ipynb", "more", "02_pipe.ipynb"]
    assert "it is not a plain file" in found.problems[2]
    (tmp_path / "other").symlink_to(folder)
    assert submissions.read(tmp_path / "other").problems == ["It is a link, not a folder: nothing was read. An archive has to be unpacked "
                                                             "first."]


def test_files_that_are_too_large_or_too_many_are_not_read(folder, monkeypatch):
    monkeypatch.setattr(submissions, "MOST_BYTES", 60)
    assert "00_start_here.ipynb cannot be read: it has 0 MB, more than 0" in submissions.read(folder).problems[0]
    monkeypatch.setattr(submissions, "MOST_FILES", 1)
    assert any("more than 1 files" in problem for problem in submissions.read(folder).problems)


def test_names_are_made_fit_to_print():
    assert submissions.shown("ada\n\u202egnp.exe") == "ada\\x0a\\x202egnp.exe"
    assert submissions.shown(os.fsdecode(b"ada\xff")) == "ada\\xdcff" or os.name == "nt"
    assert len(submissions.shown("a" * 1000)) == 80


def test_a_folder_without_submissions_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is empty. It should hold a folder for each learner"):
        submissions.learners(tmp_path)
    with pytest.raises(ValueError, match="is not a folder"):
        submissions.learners(tmp_path / "none")


# records

def test_an_answer_that_calls_itself_right_is_judged_again():
    right, wrong = QUESTION.examples()
    read = records.read([event(given=wrong[0], right=True, first=True)])
    assert read.first == {KEY: False} and read.chosen == {KEY: QUESTION.options[wrong[0]].text}
    assert f"The record calls answers right or wrong that are not: {KEY}." in read.problems[0]
    assert records.read([event(given=right, right=True, first=True)]).problems == []


def test_only_the_first_try_of_a_question_counts():
    right, wrong = QUESTION.examples()
    read = records.read([event(given=wrong[0], right=False, first=True), event(given=right, right=True, first=False)])
    assert read.first == {KEY: False} and read.problems == []


def test_predictions_tell_how_sure_and_how_right():
    key = "02.value_at_one_half"
    right, wrong = records.questions()[key].examples(-1.386)
    read = records.read([event("outcome", key, given=wrong[0], confidence=0.9, value=-1.386, right=True)])
    assert read.predictions == [(0.9, False)] and key in read.problems[0]


def test_exercises_count_their_tries():
    read = records.read([event("exercise", EXERCISE, outcome=outcome) for outcome in ("wrong", "wrong", "right", "wrong")])
    assert read.solved == {EXERCISE} and read.tries == {EXERCISE: 3}


@pytest.mark.parametrize("senseless", [
    event(given="a", right=True, first=True), event(key="99.none", given=0, right=True, first=True),
    event(given=99, right=True, first=True), event("exercise", "99.none", outcome="right"), event("exercise", EXERCISE),
    event(key="02.derivation", given=[], right=True, first=True), event(key="02.derivation", given=[0, 1, 2], right=True, first=True),
    event("outcome", "02.value_at_one_half", given=0, confidence=7, value=0, right=True),
    event("outcome", "02.value_at_one_half", given=0, confidence=0.5, value=float("nan"), right=True),
])
def test_senseless_entries_are_left_out_and_counted(senseless):
    read = records.read([senseless])
    assert not (read.first or read.predictions or read.solved) and "1 of 1 entries of the record make no sense" in read.problems[0]


def test_a_record_whose_times_run_backwards_says_so():
    times = [event("experiment", "03.moons", time=f"2026-03-0{day}T09:00:00+00:00") for day in (2, 1)]
    assert "run backwards" in records.read(times).problems[0]


def test_the_records_that_the_generator_writes_are_true():
    assert records.read(json.loads(record(random.Random(0), 0.7, [EXERCISE]))["events"]).problems == []
