"""The learner's record: nothing recorded is ever lost, nothing is written that should not be, and the summary says what the events say."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gan_course import cli
from gan_course.lessons import catalogue, dashboard, exercises, progress, quizzes
from gan_course.lessons.progress import read, record
from gan_course.paths import ROOT

WRITER = """
import sys
from gan_course.lessons.progress import record
for number in range(int(sys.argv[2])):
    record("experiment", f"03.{sys.argv[1]}", number=number)
    print(number, flush=True)
"""


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """A record of its own for each test."""
    monkeypatch.setenv("GAN_COURSE_PROGRESS", str(tmp_path / "progress.json"))
    return tmp_path / "progress.json"


def writer(name, events):
    return subprocess.Popen([sys.executable, "-c", WRITER, name, str(events)], cwd=ROOT, stdout=subprocess.PIPE, text=True)


# writing

def test_events_come_back_in_order_with_their_time(file):
    record("answer", "02.chance", right=True, first=True, given=1)
    record("experiment", "03.moons", rate=1e-3)
    first, second = read()
    assert first.pop("time") <= second.pop("time")
    assert first == {"kind": "answer", "key": "02.chance", "right": True, "first": True, "given": 1}
    assert second == {"kind": "experiment", "key": "03.moons", "rate": 1e-3}
    assert json.loads(file.read_text(encoding="utf-8"))["version"] == progress.VERSION


def test_a_writer_killed_at_any_moment_loses_nothing_it_had_recorded(file):
    recorded = 0
    for attempt in range(5):
        with writer(f"kill{attempt}", 10_000) as process:
            process.stdout.readline()
            time.sleep(0.02 * attempt)
            os.kill(process.pid, signal.SIGKILL)
            said = 1 + len(process.stdout.readlines())
        json.loads(file.read_text(encoding="utf-8"))                # never half a file
        numbers = [event["number"] for event in read() if event["key"] == f"03.kill{attempt}"]
        assert len(numbers) >= said and numbers == list(range(len(numbers)))
        recorded += len(numbers)
    assert len(read()) == recorded                                  # and none of those before


def test_two_writers_at_once_lose_nothing():
    with writer("one", 200) as one, writer("two", 200) as two:
        one.communicate()
        two.communicate()
    assert one.returncode == two.returncode == 0
    for name in ("one", "two"):
        assert [event["number"] for event in read() if event["key"] == f"03.{name}"] == list(range(200))


def test_a_crash_while_writing_leaves_the_old_record(file, monkeypatch):
    record("answer", "02.chance", right=True, first=True)

    def crash(*_):
        raise OSError("the power is gone")

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(OSError, match="power"):
        record("answer", "02.brakes", right=True, first=True)
    monkeypatch.undo()
    assert [event["key"] for event in progress._load(file)] == ["02.chance"]


def test_numbers_that_are_not_finite_are_kept_as_null(file):
    import numpy as np

    record("experiment", "03.moons", loss=float("nan"), rate=np.float64("inf"), fid=np.float32("nan"), rounds=np.int64(3))
    assert "NaN" not in file.read_text(encoding="utf-8")
    [event] = read()
    assert [event[name] for name in ("loss", "rate", "fid", "rounds")] == [None, None, None, 3]


def test_what_is_no_plain_value_is_refused_before_the_file_is_touched(file):
    record("experiment", "03.moons", rate=1)
    with pytest.raises((TypeError, AttributeError)):
        record("experiment", "03.moons", rate=object())
    assert len(read()) == 1


def test_a_lock_that_is_held_for_long_is_said_in_words(file, monkeypatch):
    lock = progress.FileLock
    monkeypatch.setattr(progress, "FileLock", lambda path, timeout: lock(path, timeout=0.1))
    with lock(f"{file}.lock"), pytest.raises(TimeoutError, match="another notebook or program holds it"):
        record("answer", "02.chance", right=True)


def test_nobody_watching_writes_nothing_unless_a_file_is_named(file, tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "ROOT", tmp_path / "course")
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    record("answer", "02.chance", right=True, first=True)
    assert len(read()) == 1
    monkeypatch.delenv("GAN_COURSE_PROGRESS")
    record("answer", "02.chance", right=True, first=True)
    assert read() == [] and not (tmp_path / "course").exists()
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    record("answer", "02.chance", right=True, first=True)
    assert len(read()) == 1 and (tmp_path / "course" / "progress.json").exists()


# files that cannot be read

@pytest.mark.parametrize("content, why", [
    (b"", "damaged"), (b'{"version": 1, "events": [', "damaged"), (b"\xff\xfe", "damaged"), (b"[]", "damaged"), (b"[" * 100_000, "damaged"),
    (b'{"version": 1, "events": [{"kind": "answer"}]}', "damaged"), (b'{"version": 1, "events": {"a": 1}}', "damaged"),
    (b'{"version": 1, "events": [{"time": "t", "kind": "outcome", "key": "02.a"}]}', "damaged"),
    (b'{"version": 99, "events": []}', "newer version of the course"),
])
def test_a_file_that_cannot_be_read_is_set_aside_and_said_so(file, content, why):
    file.write_bytes(content)
    with pytest.warns(UserWarning, match=f"{why}.*progress.set-aside-1.json"):
        record("answer", "02.chance", right=True, first=True)
    assert (file.parent / "progress.set-aside-1.json").read_bytes() == content
    aside, answer = read()
    assert answer["key"] == "02.chance" and why in aside["text"]
    assert why in dashboard.text(read()) and why in dashboard.page(read())


def test_a_file_set_aside_earlier_is_not_written_over(file):
    for content in ("first", "second"):
        file.write_text(content, encoding="utf-8")
        with pytest.warns(UserWarning):
            read()
    assert [(file.parent / f"progress.set-aside-{n}.json").read_text(encoding="utf-8") for n in (1, 2)] == ["first", "second"]


# a place where nothing can be written

@pytest.fixture
def nowhere(file, tmp_path, monkeypatch):
    """A record whose folder cannot be made, since a file stands there."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAN_COURSE_PROGRESS", str(tmp_path / "file" / "progress.json"))


def refused(*what, **more):
    raise PermissionError(13, "Permission denied", "progress.json.lock")


def test_what_cannot_be_recorded_is_said_with_what_to_do(nowhere):
    with pytest.raises(OSError):
        record("answer", "02.chance", right=True)
    said = progress.note("answer", "02.chance", right=True)
    assert said.startswith("Not recorded: your record of answers and runs cannot be written (") and "GAN_COURSE_PROGRESS" in said


def test_what_is_recorded_is_not_talked_about(file):
    assert progress.note("answer", "02.chance", right=True) == "" and len(read()) == 1


def test_a_record_in_a_read_only_folder_can_be_read(file, monkeypatch):
    record("answer", "02.chance", right=True)
    monkeypatch.setattr(progress, "FileLock", refused)              # the lock is a file beside the record
    assert [event["key"] for event in read()] == ["02.chance"]
    assert "Permission denied" in progress.note("answer", "02.brakes", right=True) and len(read()) == 1


def test_a_damaged_record_in_a_read_only_folder_is_warned_of(file, monkeypatch):
    file.write_text("{")
    monkeypatch.setattr(progress, "FileLock", refused)
    with pytest.warns(UserWarning, match="cannot be read: .*Permission denied"):
        assert read() == []
    assert file.read_text() == "{"


# what it says

def test_the_summary():
    def answer(key, right, first=True):
        record("answer", key, right=right, first=first)

    answer("02.chance", False)
    answer("02.chance", True, first=False)      # found, but not at the first try
    answer("02.brakes", True)
    answer("02.two_losses", False)
    answer("02.two_losses", True)               # right when it came again
    record("exercise", "03.loop", outcome="not yet")
    record("exercise", "02.d_loss", outcome="wrong")
    record("exercise", "02.d_loss", outcome="right")
    record("exercise", "02.d_loss", outcome="right")
    record("experiment", "03.moons", rate=1)
    record("experiment", "03.moons", rate=2)
    record("outcome", "03.blind", confidence=0.5, right=True)
    record("outcome", "03.trend", confidence=0.5, right=False)
    two, three = progress.summary()["02"], progress.summary()["03"]
    assert two.answered == ["02.chance", "02.brakes", "02.two_losses"] and two.right_first == ["02.brakes"]
    assert two.repeat == ["02.chance"] and two.exercises == ["02.d_loss"]
    assert three.experiments == 2 and three.exercises == []
    assert three.answered == ["03.blind", "03.trend"] and three.right_first == ["03.blind"] and three.repeat == []


def test_calibration_counts_the_first_outcome_of_each_prediction():
    for key, confidence, right in [("02.a", 0.9, True), ("02.b", 0.9, False), ("02.c", 0.3, False), ("02.b", 0.9, True)]:
        record("outcome", key, confidence=confidence, right=right)
    assert progress.calibration() == [(0.3, 1, 0), (0.9, 2, 1)]
    assert "When you were 90 % sure, 1 of 2 predictions came true." in dashboard.text(read())


def test_a_prediction_without_a_confidence_is_not_in_the_calibration(file):
    record("outcome", "02.chance", confidence=float("nan"), right=True)
    record("outcome", "02.value", confidence=0.5, right=True)
    assert progress.calibration() == [(0.5, 1, 1)]


def test_a_prediction_is_pending_until_its_outcome():
    assert progress.pending("02.a") is None
    record("prediction", "02.a", given=1, confidence=0.5)
    record("prediction", "02.b", given=2, confidence=0.5)
    assert progress.pending("02.a")["given"] == 1
    record("outcome", "02.a", given=1, confidence=0.5, right=True)
    assert progress.pending("02.a") is None and progress.pending("02.b")["given"] == 2


def test_the_command_prints_every_notebook_and_what_to_look_at_again(capsys):
    record("answer", "02.chance", right=False, first=True)
    assert cli.main(["progress"]) == 0
    said = capsys.readouterr().out
    assert all(entry.title in said for entry in catalogue.notebooks() if not entry.deeper)
    assert f"questions 1 of {len(quizzes.load('02'))}, 0 right at the first try" in said and "look at again: A loss of 1.386" in said


def test_questions_of_a_deeper_notebook_count_once_they_are_answered():
    [key, *_] = quizzes.deeper("03")
    row = dashboard.rows([])[3]
    assert row[1] == f"0 of {len(quizzes.load('03'))}"
    record("answer", key, right=False, first=True)
    row = dashboard.rows(progress.read())[3]
    assert row[1] == f"1 of {len(quizzes.load('03')) + 1}" and row[-1] == quizzes.find(key).title


def test_an_empty_record_says_so(capsys):
    assert cli.main(["progress"]) == 0
    assert dashboard.NOTHING in capsys.readouterr().out


def test_the_dashboard_is_escaped_and_has_headings_for_rows_and_columns(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    record("set aside", "x", text="<script>alert(1)</script>")
    record("answer", "02.gone", right=False, first=True)             # a question that is in no file any more
    dashboard.show()
    page = shown[0]["text/html"]
    assert "<script>" not in page and "&lt;script&gt;" in page
    main = [entry for entry in catalogue.notebooks() if not entry.deeper]
    assert page.count("scope=col") == len(dashboard.COLUMNS) and page.count("scope=row") == len(main)
    assert "color" not in page, "no colour of its own: readable in every theme"
    assert f"0 of {len(quizzes.load('02'))}" in page and "script" in shown[0]["text/plain"]


# names of yesterday

# never changed: an answer to every question, every exercise solved
TODAY = Path(__file__).parent / "data" / "progress_version_1.json"
TAKEN_OUT: set[str] = set()                                         # keys of that file that have no successor


def test_a_record_of_version_1_is_read_and_every_key_in_it_has_its_place(file):
    file.write_bytes(TODAY.read_bytes())
    events = progress.read()
    assert len(events) == 201 and [event["right"] for event in events if event["kind"] == "answer"] == [True] * 163
    known = {*exercises.names(), *quizzes.every()}
    lost = {event["key"] for event in events} - known - TAKEN_OUT
    assert not lost, "renamed or moved: add them to progress.RENAMED; taken out for good: to TAKEN_OUT"


def test_renamed_keys_are_carried_over_and_written_under_their_new_names(file, monkeypatch):
    progress.record("answer", "03.old", right=True, first=True)
    progress.record("exercise", "03.older", outcome="right")
    monkeypatch.setattr(progress, "RENAMED", {"03.old": "02.new", "03.older": "03.old_too", "03.old_too": "04.newest"})
    found = progress.summary()
    assert found.keys() == {"02", "04"} and found["02"].right_first == ["02.new"] and found["04"].exercises == ["04.newest"]
    progress.record("answer", "02.new", right=True, first=False)
    assert "03.old" not in file.read_text(encoding="utf-8") and len(progress.read()) == 3


@pytest.mark.parametrize("version", [0, -1, "1", 1.5, None])
def test_a_version_that_is_none_is_refused(version):
    with pytest.raises(ValueError, match="is damaged"):
        progress.checked({"version": version, "events": []})
