"""A class of thirty, six of them hostile: each costs its own row only, and no verdict is believed that was not proven."""
import csv
import io
import json
import os
import re
import runpy
import socket
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path

import psutil
import pytest

from gan_course import cli
from gan_course.lessons import catalogue, exercises
from gan_course.teaching.classroom import collect, confine, marking, process, replay, report
from gan_course.teaching.classroom.marking import Result

THIRTY = runpy.run_path(str(Path(__file__).parent / "classroom_of_thirty.py"))
IMPORTS = "import torch\nfrom gan_course.widgets import exercises"
RIGHT = {key: THIRTY["function"](key, body) for key, (_, body, _) in THIRTY["ANSWERS"].items()}
LIMITS = confine.Allowance(seconds=5)
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs resource limits as Linux has them")


@pytest.fixture(scope="module")
def class_of_thirty(tmp_path_factory):
    """The folder of the report on the class, and what the command said."""
    home = tmp_path_factory.mktemp("class")
    THIRTY["write"](home / "submissions")
    said = io.StringIO()
    before, sys.stderr = sys.stderr, said
    try:
        assert cli.main(["class", "collect", str(home / "submissions"), "-o", str(home / "out"), "--seconds", "5", "-j", "2", "--yes"]) == 0
    finally:
        sys.stderr = before
    return home / "out", said.getvalue()


def table(out, name):
    return list(csv.DictReader(io.StringIO((out / f"{name}.csv").read_text(encoding="utf-8"))))


def test_an_exercise_that_comes_back_in_a_later_notebook_belongs_to_its_own():
    own = catalogue.exercises(catalogue.find("06"))
    assert "06.precision" in own and "03.train" not in own
    assert "06.precision" not in collect._expected([], ["03.train"])


def test_a_deeper_notebook_is_asked_for_only_if_it_was_handed_in(monkeypatch):
    own = {"03_first_gan": {"03.optimizers", "03.training_step"}, "03_settings": {"03.best_rate"}}
    monkeypatch.setattr(catalogue, "exercises", lambda entry: own.get(entry.path.stem, set()))
    for notebooks, found, expected in [
        (["03_first_gan.ipynb", "a/03_settings.ipynb"], [], {"03.optimizers", "03.training_step", "03.best_rate"}),
        (["a/03_first_gan-Copy1.ipynb"], ["03.optimizers"], {"03.optimizers", "03.training_step"}),
        (["03_settings-Copy1.ipynb"], [], {"03.best_rate"}),
        (["mine.ipynb"], ["03.best_rate"], {"03.best_rate"}),
        (["mine.ipynb"], [], set()),
    ]:
        assert collect._expected(notebooks, found) == expected


def mark(*cells):
    """What comes of a notebook of these cells, by exercise."""
    results, _ = marking.mark([("00_start_here.ipynb", cell) for cell in (IMPORTS, *cells)], LIMITS)
    return {key: result for (_, key), result in results.items()}


# the class

def test_every_submission_has_a_row_and_the_sound_ones_their_due(class_of_thirty):
    out, said = class_of_thirty
    rows = {row["learner"]: row for row in table(out, "learners")}
    assert len(rows) == 30 and len(said.splitlines()) == 30
    ordinary = [row for name, row in rows.items() if name.startswith("learner-")]
    assert len(ordinary) == 18 and all(int(row["questions"]) > 10 for row in ordinary)
    assert all(row["problems"] == "" for row in ordinary)
    recorded = {(row["learner"], row["exercise"]): row for row in table(out, "exercises") if row["learner"].startswith("learner-")}
    marked = [row for row in recorded.values() if row["outcome"] != "not handed in"]
    assert len(marked) == 6 and all((row["outcome"] == "right") == (row["record says solved"] == "True") for row in marked)


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
    results = mark(THIRTY["function"]("00.between", forge), RIGHT["00.accuracy"])
    assert results["00.between"].outcome == "forged" and results["00.accuracy"].outcome != "right"


def sent(key):
    """What the other process says of the course's own answer, as it arrives."""
    evidence = [marking.written(each) for each in exercises.evidence(key, exercises.reference(key))]
    return process.Message.model_validate_json(json.dumps({"key": key, "outcome": "right", "evidence": evidence}))


def test_evidence_is_that_of_the_course_s_own_function_or_none():
    message = sent("00.between")
    assert marking._believed(message).outcome == "right"
    for wrong in (message.evidence[:-1], [*message.evidence, {}], [{}] * len(message.evidence), []):
        assert marking._believed(message.model_copy(update={"evidence": wrong})).outcome == "forged"
    assert marking._believed(message.model_copy(update={"key": "99.none"})).outcome == "forged"
    shapes = [{name: ([10**9, 10**9], [1.0]) for name in each} for each in message.evidence]
    assert marking._believed(message.model_copy(update={"evidence": shapes})).outcome == "forged"


def test_the_whole_course_s_own_answers_are_proven():
    assert {key for key in exercises.names() if marking._believed(sent(key)).outcome != "right"} == set()


BETWEEN = "def between(value, floor, ceiling):\n    return {}\n"
CHECK = 'exercises.check("00.between", between)'
RIGHT_ANSWERS = {  # cells with a right answer, as learners write them
    "a name assigned in another cell": ["eps = 0.0\nshift = eps", "def helper(x):\n    return x + shift",
                                        BETWEEN.format("helper((value - floor) / (ceiling - floor))"), CHECK],
    "a module made in another cell": ["from torch import nn\nsame, *rest = nn.Identity(), 1", BETWEEN.format(
        "float(same(torch.tensor((value - floor) / (ceiling - floor), dtype=torch.float64)))"), CHECK],
    "settings changed in another cell": ["settings = {}", "settings['eps'] = 0.0",
                                         BETWEEN.format("(value - floor) / (ceiling - floor) + settings['eps']"), CHECK],
    "a name that depends on the machine": ["if torch.cuda.is_available():\n    scale = 1.0\nelse:\n    scale = 1.0",
                                           BETWEEN.format("(value - floor) / (ceiling - floor) * scale"), CHECK],
    "a question to IPython": ["between?", BETWEEN.format("(value - floor) / (ceiling - floor)") + "between?\n??torch\n" + CHECK],
    "a shell command": [BETWEEN.format("(value - floor) / (ceiling - floor)") + f"files = !ls\n%matplotlib inline\n!pwd\n{CHECK}"],
    "a timed cell": [f"%%time\n{BETWEEN.format('(value - floor) / (ceiling - floor)')}{CHECK}"],
    "a cell that is no Python": ["%%bash\nif true; then echo; fi", BETWEEN.format("(value - floor) / (ceiling - floor)") + CHECK],
    "a check within print": [BETWEEN.format("(value - floor) / (ceiling - floor)") + f"print({CHECK}(0.5, 0, 1))"],
    "a check within a block": [BETWEEN.format("(value - floor) / (ceiling - floor)") + f"with torch.no_grad():\n    between = {CHECK}"],
    "imports of an older course": ["from gan_course import exercises, quiz, claims, live", "import torch, gan_course.exercises as old",
                                   BETWEEN.format("(value - floor) / (ceiling - floor)") + "quiz.ask('00.x')\nold.hint('00.between')\n"
                                   + CHECK],
}


@pytest.fixture(scope="module")
def as_learners_write_them():
    cells = [(name, cell) for name, its in RIGHT_ANSWERS.items() for cell in ("import torch", IMPORTS * ("older" not in name), *its)]
    results, _ = marking.mark(cells, confine.Allowance(seconds=60))
    return {name: result for (name, _), result in results.items()}


@pytest.mark.parametrize("name", RIGHT_ANSWERS)
def test_a_right_answer_is_called_right(as_learners_write_them, name):
    assert (result := as_learners_write_them[name]).outcome == "right", result


def test_a_check_under_an_old_name_is_that_of_the_new_one(monkeypatch):
    monkeypatch.setattr(replay.progress, "RENAMED", {"99.amid": "00.between"})
    cell = replay.Cell(0, "99.ipynb", "def amid(value, floor, ceiling):\n    return (value - floor) / (ceiling - floor)\n"
                                      "amid = exercises.check('99.amid', amid)")
    assert cell.keys == ["00.between"]
    said = [message for message in replay.replay([cell], [], []) if "key" in message]
    assert [(message["key"], message["outcome"]) for message in said] == [("00.between", "right")]


def test_the_answers_after_a_crash_keep_what_they_need():
    helper = "import torch\n\n\ndef half(x):\n    return torch.as_tensor(x) / 2"
    results = mark(helper, THIRTY["function"]("00.between", "import os; os._exit(0)"), THIRTY["function"](
        "00.accuracy", "return half((D_on_real > 0.5).float().mean() + (D_on_fake < 0.5).float().mean())"))
    assert results["00.between"].outcome == "crashed" and results["00.accuracy"].outcome == "right", results["00.accuracy"]


def test_of_a_notebook_and_its_copy_the_better_answer_counts_and_that_is_said(tmp_path):
    (tmp_path / "ada").mkdir()
    untouched = THIRTY["function"]("00.between", "...")
    for name, cells in {"00_start_here.ipynb": (untouched, RIGHT["00.accuracy"]),
                        "00_start_here-Copy1.ipynb": (RIGHT["00.between"], RIGHT["00.accuracy"])}.items():
        (tmp_path / "ada" / name).write_text(THIRTY["notebook"](IMPORTS, *cells))
    [ada] = collect.collect(tmp_path, LIMITS)
    assert {key: ada.results[key].outcome for key in RIGHT} == {"00.between": "right", "00.accuracy": "right"}
    assert ada.problems == ["00.between is in 2 notebooks; the better one counts: right in 00_start_here-Copy1.ipynb, "
                            "not yet in 00_start_here.ipynb."]


def test_only_what_the_checks_need_is_run_and_in_the_notebook_s_order():
    helper = "def half(x):\n    return x / 2\n\n\ndef unused():\n    raise RuntimeError"
    cells = [helper, "raise RuntimeError('a cell without a check')", "!ls\n" + THIRTY["function"](
        "00.accuracy", "return half((D_on_real > 0.5).float().mean() + (D_on_fake < 0.5).float().mean())"),
        "this is no Python, exercises.check('00.between', between)"]
    results = mark(*cells)
    assert results["00.accuracy"].outcome == "right"
    assert results["00.between"].outcome == "wrong" and "cannot be read: SyntaxError" in results["00.between"].says


def isolation(monkeypatch, name):
    """Shut code in with this tool, or skip the test where the system does not have it; None: with nothing."""
    have = confine.tool()
    if name and have != "bwrap" and have != name:
        pytest.skip(f"{name} does not work on this system")
    monkeypatch.setattr(confine, "tool", lambda: name)


@linux
@pytest.mark.parametrize("name", ["bwrap", "unshare", None])
def test_the_learner_s_code_sees_no_secrets_and_reaches_no_more_than_is_said(monkeypatch, tmp_path, name):
    isolation(monkeypatch, name)
    monkeypatch.setenv("MY_TOKEN", "s3cret")
    (tmp_path / "precious").write_text("yours")
    listener = socket.create_server(("127.0.0.1", 0))
    look = ("import os, socket\n    print('MY_TOKEN' in os.environ, os.path.expanduser('~') == os.getcwd())\n"
            f"    for act in (lambda: open({str(tmp_path / 'new')!r}, 'w'), lambda: os.remove({str(tmp_path / 'precious')!r}),\n"
            f"                lambda: socket.create_connection({listener.getsockname()}, 1), lambda: os.kill({os.getpid()}, 0),\n"
            "                lambda: open('/new', 'w'), lambda: open('own', 'w')):\n"
            "        try: act(); print('could')\n        except OSError: print('could not')\n    return 1.0")
    results, words = mark_all(look)
    secret, *could = results["00.between"].printed.strip().splitlines()
    listener.close()
    assert secret == "False True" and could[-1] == "could"
    gaps = {"bwrap": ["could not"] * 4, "unshare": ["could", "could", "could not", "could not"], None: ["could"] * 4}[name]
    assert could[:4] == gaps and (tmp_path / "precious").exists() == (name == "bwrap")
    assert (could[4] == "could not") >= (name == "bwrap")
    assert bool(confine.gaps()) == (name != "bwrap") and ("files NOT protected" in words) == (name != "bwrap")
    assert ("network NOT cut off" in words) == (name is None)


@linux
@pytest.mark.parametrize("name", ["bwrap", "unshare", None])
@pytest.mark.parametrize("own_session", [False, True])
def test_no_process_that_a_submission_leaves_behind_stays_alive(monkeypatch, name, own_session):
    isolation(monkeypatch, name)
    mark = f"{90000 + os.getpid() % 10000}.{len(str(name))}{own_session:d}"
    leave = (f"import os, subprocess\n    subprocess.Popen(['sleep', '{mark}'], start_new_session={own_session})\n    os._exit(0)")
    results, _ = mark_all(leave)
    assert "ended the whole process (exit status 0)" in results["00.between"].says
    assert [each for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["sleep", mark]] == []


def mark_all(body):
    """The results of a notebook whose 00.between has this body, by exercise, and how it was shut in."""
    cells = [("00.ipynb", IMPORTS), ("00.ipynb", THIRTY["function"]("00.between", body))]
    results, words = marking.mark(cells, LIMITS)
    return {key: result for (_, key), result in results.items()}, words


@linux
def test_processes_that_share_out_their_memory_are_added_up():
    hoard = ("import os, time\n    for _ in range(6):\n        if os.fork() == 0:\n            much = b'x' * (150 * 10**6)\n"
             "            time.sleep(60)\n    time.sleep(1.5)\n    return 1.0")
    cells = [("00.ipynb", IMPORTS), ("00.ipynb", THIRTY["function"]("00.between", hoard))]
    results, _ = marking.mark(cells, confine.Allowance(seconds=5, memory_mb=300))
    assert "together took more than 300 MB" in results["00.ipynb", "00.between"].says


def test_a_process_that_is_not_shut_in_is_watched_with_its_own_memory():
    hoard = "much = b'x' * 150_000_000; print('ready', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hoard], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bare:
        bare.stdout.readline()
        _, memory = process._family(bare.pid)
        bare.communicate(b"\n")
    assert 150 < memory < 300


@pytest.mark.parametrize("system, limited, said", [("linux", True, "memory, CPU and file sizes limited"),
                                                   ("darwin", True, "CPU and file sizes limited, memory watched"),
                                                   ("win32", False, "memory and time watched, NOT limited")])
def test_the_report_says_what_each_system_limits(monkeypatch, system, limited, said):
    monkeypatch.setattr(confine, "tool", lambda: None)
    monkeypatch.setattr(sys, "platform", system)
    assert said in confine.in_words(limited)


@pytest.mark.parametrize("name, said", [("unshare", "it could read, change and delete every file that you can.\n"),
                                        (None, "use the network, end your programs")])
def test_where_code_cannot_be_shut_in_nothing_runs_before_a_yes(monkeypatch, tmp_path, capsys, name, said):
    monkeypatch.setattr(confine, "tool", lambda: name)
    begun = []
    monkeypatch.setattr(collect, "collect", lambda *how: begun.append(how) or [])
    (tmp_path / "ada").mkdir()
    assert cli.main(["class", "collect", str(tmp_path), "-o", str(tmp_path / "out")]) == 2 and not begun
    told = capsys.readouterr().err
    assert said in told and "install the package bubblewrap" in told and "Nothing was run. With --yes" in told
    assert cli.main(["class", "collect", str(tmp_path), "-o", str(tmp_path / "out"), "--yes"]) == 0 and len(begun) == 1
    assert said in capsys.readouterr().err


def test_with_bubblewrap_there_is_nothing_to_warn_about(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(confine, "tool", lambda: "bwrap")
    monkeypatch.setattr(collect, "collect", lambda *how: [])
    assert cli.main(["class", "collect", str(tmp_path), "-o", str(tmp_path / "out")]) == 0
    assert "cannot" not in capsys.readouterr().err


def test_a_process_that_cannot_be_started_says_why(monkeypatch):
    monkeypatch.setattr(process, "START", process.START + "replay.confine.limit = int; ")
    with pytest.raises(RuntimeError, match="did not start. TypeError: int"):
        mark(RIGHT["00.between"])


# the rest

def test_a_submission_that_breaks_the_judge_costs_its_own_row(monkeypatch, tmp_path):
    for name in ("ada", "grace"):
        (tmp_path / name).mkdir()
    whole = collect.submissions.read
    monkeypatch.setattr(collect.submissions, "read", lambda folder: 1 / 0 if folder.name == "ada" else whole(folder))
    ada, grace = collect.collect(tmp_path, confine.Allowance(), jobs=2)
    assert "could not be marked: ZeroDivisionError" in ada.problems[0] and "neither a record" in grace.problems[0]


def test_no_cell_of_a_table_is_a_formula():
    learner = collect.Learner("=HYPERLINK(1)", results={"00.between": Result("00.between", "wrong", "@x", "-1+1")})
    for rows in (report.learner_rows([learner]), report.exercise_rows([learner])):
        [row] = csv.DictReader(io.StringIO(report._csv(rows).decode()))
        assert not any(value.startswith(("=", "+", "-", "@")) for value in row.values())


def test_references_are_seen_by_one_thread_at_a_time():
    marking._reference.cache_clear()
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(marking._reference("03.discriminator_step"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4 and all(exercises.same(a, b) for each in seen for a, b in zip(each, seen[0], strict=True))


def test_wrong_requests_are_refused(tmp_path, capsys):
    assert cli.main(["class", "collect", str(tmp_path / "none")]) == 2 and "is not a folder" in capsys.readouterr().err
    assert cli.main(["class", "collect", str(tmp_path), "-j", "0"]) == 2 and "more than 0" in capsys.readouterr().err
