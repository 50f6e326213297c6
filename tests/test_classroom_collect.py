"""A class of thirty, six of them hostile: each costs its own row only, and no verdict is believed that was not proven."""
import csv
import io
import json
import re
import runpy
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gan_course import cli
from gan_course.lessons import exercises
from gan_course.teaching.classroom import collect, confine, judging, process, report
from gan_course.teaching.classroom.judging import Result

THIRTY = runpy.run_path(str(Path(__file__).parent / "classroom_of_thirty.py"))
IMPORTS = "import torch\nfrom gan_course.widgets import exercises"
RIGHT = {key: THIRTY["function"](key, body) for key, (_, body, _) in THIRTY["ANSWERS"].items()}
LIMITS = confine.Limits(seconds=5)
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs resource limits as Linux has them")


@pytest.fixture(scope="module")
def class_of_thirty(tmp_path_factory):
    """The folder of the report on the class, and what the command said."""
    home = tmp_path_factory.mktemp("class")
    THIRTY["write"](home / "submissions")
    said = io.StringIO()
    before, sys.stderr = sys.stderr, said
    try:
        assert cli.main(["class", "collect", str(home / "submissions"), "-o", str(home / "out"), "--seconds", "5", "-j", "2"]) == 0
    finally:
        sys.stderr = before
    return home / "out", said.getvalue()


def table(out, name):
    return list(csv.DictReader(io.StringIO((out / f"{name}.csv").read_text(encoding="utf-8"))))


def judge(*cells):
    """What comes of a notebook of these cells, by exercise."""
    return judging.judge([("00_start_here.ipynb", cell) for cell in (IMPORTS, *cells)], LIMITS)[0]


# the class

def test_every_submission_has_a_row_and_the_sound_ones_their_due(class_of_thirty):
    out, said = class_of_thirty
    rows = {row["learner"]: row for row in table(out, "learners")}
    assert len(rows) == 30 and len(said.splitlines()) == 30
    ordinary = [row for name, row in rows.items() if name.startswith("learner-")]
    assert len(ordinary) == 18 and all(int(row["questions"]) > 10 for row in ordinary)
    assert all(row["problems"] == "" for row in ordinary)
    recorded = {(row["learner"], row["exercise"]): row for row in table(out, "exercises") if row["learner"].startswith("learner-")}
    judged = [row for row in recorded.values() if row["outcome"] != "not handed in"]
    assert len(judged) == 6 and all((row["outcome"] == "right") == (row["record says solved"] == "True") for row in judged)


@linux
def test_each_hostile_one_loses_its_own_exercise_and_keeps_the_other(class_of_thirty):
    rows = {(row["learner"], row["exercise"]): row["outcome"] for row in table(class_of_thirty[0], "exercises")}
    between = {name: rows[name.replace("/", "∕"), "00.between"] for name in THIRTY["HOSTILE"]}
    assert between == {"endless": "wrong", "bomb": between["bomb"], "flood": "crashed", "filler": "wrong", "forger": "forged",
                       "<b>quitter</b>": "crashed"}
    assert between["bomb"] in ("wrong", "crashed")                  # it depends on which barrier it meets first
    assert {rows[name.replace("/", "∕"), "00.accuracy"] for name in THIRTY["HOSTILE"]} == {"right"}


def test_what_is_broken_or_forged_is_said(class_of_thirty):
    rows = {row["learner"]: row["problems"] for row in table(class_of_thirty[0], "learners")}
    assert "The record says that 00.between is solved; the check says missing." in rows["deleted"]
    assert "The record says that 00.between is solved; the check says wrong." in rows["boaster"]
    assert "calls answers right or wrong that are not" in rows["boaster"]
    assert "00_start_here.ipynb cannot be read: it is damaged" in rows["junk"] and "progress.json cannot be read" in rows["junk"]
    assert "00_start_here.ipynb is a link" in rows["linker"] and "unpacked first" in rows["class.zip"]
    assert "neither a record nor a notebook" in rows["nothing"]


class Page(HTMLParser):
    """What a page would fetch, and which elements it has."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.tags = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.fetched += [value for name, value in attributes if name in ("src", "href", "data", "action") and value[:1] != "#"]


def test_the_page_has_everyone_fetches_nothing_and_runs_no_name(class_of_thirty):
    out, _ = class_of_thirty
    text = (out / "class.html").read_text(encoding="utf-8")
    assert "30 submissions." in text and "&lt;b&gt;quitter&lt;∕b&gt;" in text and "<b>quitter" not in text
    page = Page(text)
    assert page.fetched == [] and "script" not in page.tags and not re.search(r"url\(|@import", text)
    assert all(f"{sure} % sure" in text for sure in (50, 70, 90))


def test_the_table_of_questions_says_where_the_class_struggles(class_of_thirty):
    rows = table(class_of_thirty[0], "questions")
    questions = [row for row in rows if row["kind"] == "question"]
    shares = [float(row["share"]) for row in questions]
    assert shares == sorted(shares) and shares[0] < shares[-1]
    assert all(int(row["right"]) <= int(row["tried"]) <= 30 for row in rows)
    assert {row["key"] for row in rows if row["kind"] == "exercise"} == {"00.between", "00.accuracy"}


# verdicts

def test_forged_words_on_the_channel_prove_nothing():
    forge = ("import json, os\n    for handle in range(3, 30):\n        for line in ({'key': '00.between', 'outcome': 'right', 'evidence': "
             "[{'the place': [[], [0.5]]}]}, {'done': True}):\n            try: os.write(handle, json.dumps(line).encode() + b'\\n')\n"
             "            except OSError: pass\n    os._exit(0)")
    results = judge(THIRTY["function"]("00.between", forge), RIGHT["00.accuracy"])
    assert results["00.between"].outcome == "forged" and results["00.accuracy"].outcome != "right"


def sent(key):
    """What the player says of the course's own answer, as it arrives."""
    evidence = [judging.written(each) for each in exercises.evidence(key, exercises.reference(key))]
    return process.Message.model_validate_json(json.dumps({"key": key, "outcome": "right", "evidence": evidence}))


def test_evidence_is_that_of_the_course_s_own_function_or_none():
    message = sent("00.between")
    assert judging._believed(message).outcome == "right"
    for wrong in (message.evidence[:-1], [*message.evidence, {}], [{}] * len(message.evidence), []):
        assert judging._believed(message.model_copy(update={"evidence": wrong})).outcome == "forged"
    assert judging._believed(message.model_copy(update={"key": "99.none"})).outcome == "forged"
    shapes = [{name: ([10**9, 10**9], [1.0]) for name in each} for each in message.evidence]
    assert judging._believed(message.model_copy(update={"evidence": shapes})).outcome == "forged"


def test_the_whole_course_s_own_answers_are_proven():
    assert {key for key in exercises.names() if judging._believed(sent(key)).outcome != "right"} == set()


def test_only_what_the_checks_need_is_run_and_in_the_notebook_s_order():
    helper = "def half(x):\n    return x / 2\n\n\ndef unused():\n    raise RuntimeError"
    cells = [helper, "raise RuntimeError('a cell without a check')", "!ls\n" + THIRTY["function"](
        "00.accuracy", "return half((D_on_real > 0.5).float().mean() + (D_on_fake < 0.5).float().mean())"),
        "this is no Python, exercises.check('00.between', between)"]
    results = judge(*cells)
    assert results["00.accuracy"].outcome == "right"
    assert results["00.between"].outcome == "wrong" and "cannot be read: SyntaxError" in results["00.between"].says


@linux
def test_the_learner_s_code_sees_no_secrets_writes_nowhere_and_reaches_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("MY_TOKEN", "s3cret")
    look = ("import os, socket\n    print(sorted(os.environ), os.path.expanduser('~') == os.getcwd())\n"
            f"    for act in (lambda: open({str(tmp_path / 'new')!r}, 'w'), lambda: os.listdir({str(tmp_path)!r}),\n"
            "                lambda: socket.create_connection(('127.0.0.1', 9), 1), lambda: os.kill(os.getppid(), 0)):\n"
            "        try: print('could', act())\n        except OSError as error: print(type(error).__name__)\n    return 1.0")
    results, words = judging.judge([("00.ipynb", IMPORTS), ("00.ipynb", THIRTY["function"]("00.between", look))], LIMITS)
    printed = results["00.between"].printed
    assert "MY_TOKEN" not in printed and "s3cret" not in printed and " True" in printed
    if "writes in its own folder only" in words:
        assert printed.count("PermissionError") >= 2 and not (tmp_path / "new").exists()


@linux
def test_processes_that_share_out_their_memory_are_added_up():
    hoard = ("import os, time\n    for _ in range(6):\n        if os.fork() == 0:\n            much = b'x' * (150 * 10**6)\n"
             "            time.sleep(60)\n    time.sleep(1.5)\n    return 1.0")
    cells = [("00.ipynb", IMPORTS), ("00.ipynb", THIRTY["function"]("00.between", hoard))]
    results, _ = judging.judge(cells, confine.Limits(seconds=5, memory_mb=300))
    assert "together took more than 300 MB" in results["00.between"].says


def test_a_namespace_that_cannot_be_had_is_said(monkeypatch):
    monkeypatch.setattr(confine, "namespaces", lambda: False)
    results, words = judging.judge([("00.ipynb", IMPORTS), ("00.ipynb", RIGHT["00.between"])], LIMITS)
    assert results["00.between"].outcome == "right"
    assert words[0] in ("TCP cut off, other network not", "network NOT cut off") and words[-1] == "a process that hides well could survive"


def test_a_process_that_cannot_be_started_says_why(monkeypatch):
    monkeypatch.setattr(process, "START", process.START.replace("player.main()", "player.confine.landlock = int; player.main()"))
    with pytest.raises(RuntimeError, match="did not start. TypeError: int"):
        judge(RIGHT["00.between"])


# the rest

def test_a_submission_that_breaks_the_judge_costs_its_own_row(monkeypatch, tmp_path):
    for name in ("ada", "grace"):
        (tmp_path / name).mkdir()
    whole = collect.submissions.read
    monkeypatch.setattr(collect.submissions, "read", lambda folder: 1 / 0 if folder.name == "ada" else whole(folder))
    ada, grace = collect.collect(tmp_path, confine.Limits(), jobs=2)
    assert "could not be judged: ZeroDivisionError" in ada.problems[0] and "neither a record" in grace.problems[0]


def test_no_cell_of_a_table_is_a_formula():
    learner = collect.Learner("=HYPERLINK(1)", results={"00.between": Result("00.between", "wrong", "@x", "-1+1")})
    for rows in (report.learner_rows([learner]), report.exercise_rows([learner])):
        [row] = csv.DictReader(io.StringIO(report._csv(rows).decode()))
        assert not any(value.startswith(("=", "+", "-", "@")) for value in row.values())


def test_references_are_seen_by_one_thread_at_a_time():
    judging._reference.cache_clear()
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(judging._reference("03.discriminator_step"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4 and all(judging._judging.same(a, b) for each in seen for a, b in zip(each, seen[0], strict=True))


def test_wrong_requests_are_refused(tmp_path, capsys):
    assert cli.main(["class", "collect", str(tmp_path / "none")]) == 2 and "is not a folder" in capsys.readouterr().err
    assert cli.main(["class", "collect", str(tmp_path), "-j", "0"]) == 2 and "more than 0" in capsys.readouterr().err
